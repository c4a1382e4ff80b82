// Local response norm (ops/norm/local_response_norm.py has the equations).
//
//     s_c = k + share Σ x_j²,   y_c = x_c / s_c^β                      j = c − before … c + after
//     gx_c = gy_c / s_c^β − factor x_c Σ gy_j x_j / s_j^(β + 1)        j = c − after … c + before
//
// Shapes: x, y, s, gy, gx (N, C, S), S is all that follows the channels. Bytes for each value: 12
// (x, y and s), backward 16. FLOPs: a power, a division and an addition for each channel of the
// window. What a window adds up is computed once, by the block whose pixels these are, and waits in
// shared memory. Each sum is added up anew: a running one would carry rounding, and NaN, along.

#include "../common.cuh"

#define TILE 32  // channels that a block writes at a time, and as many pixels
#define HEIGHT 8  // threads along y

// s^β; for the usual 3/4 by square roots.
__device__ __forceinline__ float power(float s, float beta) {
    return beta == 0.75f ? sqrtf(s) * sqrtf(sqrtf(s)) : powf(s, beta);
}

// Block → TILE pixels and TILE channels of an image, in turn; a warp → neighbouring pixels of one
// channel; threads along y → channels. term(place) is what element `place` adds to its windows,
// write(place, sum) what is done with the sum of the window around it.
template <typename Term, typename Write>
__device__ __forceinline__ void
sum_windows(Long N, Long C, Long S, Long before, Long after, Term term, Write write) {
    DYN_SHARED(float, terms);  // (most channels of a tile and of the windows that hang over, TILE)
    Long across = (S + TILE - 1) / TILE, down = (C + TILE - 1) / TILE;
    for (Long tile = blockIdx.x; tile < N * down * across; tile += gridDim.x) {
        Long s = tile % across * TILE + threadIdx.x, start = tile / across % down * TILE;
        Long image = tile / (across * down) * C * S, end = min(start + TILE, C);
        Long top = max(start - before, 0LL), bottom = min(end + after, C);
        for (Long c = top + threadIdx.y; c < bottom && s < S; c += HEIGHT)
            terms[(c - top) * TILE + threadIdx.x] = term(image + c * S + s);
        __syncthreads();
        for (Long c = start + threadIdx.y; c < end && s < S; c += HEIGHT) {
            Long first = max(c - before, top), last = min(c + after, bottom - 1);
            float sum = 0.0f;
            for (Long j = first; j <= last; j++) sum += terms[(j - top) * TILE + threadIdx.x];
            write(image + c * S + s, sum);
        }
        __syncthreads();  // the next tile takes the place of this one
    }
}

extern "C" __global__ void __launch_bounds__(256)
local_response_norm_forward(const float* __restrict__ x,  // (N, C, S)
                            float* __restrict__ y,        // (N, C, S)
                            float* __restrict__ s,        // (N, C, S)
                            Long N, Long C, Long S, Long before, Long after, float share,
                            float beta, float k)
{
    sum_windows(
        N, C, S, before, after, [=](Long place) { return x[place] * x[place]; },
        [=](Long place, float sum) {
            float divisor = sum * share + k;
            s[place] = divisor;
            y[place] = x[place] / power(divisor, beta);
        });
}

extern "C" __global__ void __launch_bounds__(256)
local_response_norm_backward(const float* __restrict__ gy,  // (N, C, S)
                             const float* __restrict__ x,   // (N, C, S)
                             const float* __restrict__ s,   // (N, C, S)
                             float* __restrict__ gx,        // (N, C, S)
                             Long N, Long C, Long S, Long before, Long after, float factor,
                             float beta)
{
    sum_windows(
        N, C, S, after, before,
        [=](Long place) { return gy[place] * x[place] / (power(s[place], beta) * s[place]); },
        [=](Long place, float sum) {
            gx[place] = gy[place] / power(s[place], beta) - factor * x[place] * sum;
        });
}
