// Batch norm (ops/norm/batch_norm.py has the equations), alone or with the end of a residual block:
// y = max(γ x̂ + β + shortcut, 0) (ops/norm/batch_norm_add_relu.py).
//
// Shapes: x, y, gy, gx (N, C, S), where S is all that follows the channels; one number for each
// channel: mean, inverse (σ = 1 / √(v + ε)), weight, bias. n = N · S values share one mean.
// Bytes for each element: 4 to read for the statistics, 8 for y; backward 8 for the sums and 12 for
// gx. With shortcut and ReLU 4 more for y, and 8 more backward: y is read, gshortcut written. As
// steps of their own they take 12 and 12. FLOPs: 3 and 2; backward 4 and 5. Memory decides, so x is
// read twice and no more.
//
// Sums over a channel take two steps, each in a fixed order: blocks add up pieces of it, then one
// thread adds up the blocks' results. So nothing depends on timing, and there are no atomics.

#include "../common.cuh"

#define PIECE 1024  // consecutive values that one warp adds up in float before it goes on in double

// The two sums of some block over its pieces of a channel.
// f(place) → the two numbers that element `place` adds, as float2.
template <typename F>
__device__ __forceinline__ void add_pieces(Long N, Long C, Long S, double* sums, F f) {
    __shared__ double parts[32];
    Long pieces = (S + PIECE - 1) / PIECE;  // of one image's plane
    Long c = blockIdx.x, splits = gridDim.y, warps = blockDim.x / 32;
    int lane = threadIdx.x % 32;
    double first = 0.0, second = 0.0;
    for (Long u = blockIdx.y * warps + threadIdx.x / 32; u < N * pieces; u += splits * warps) {
        Long begin = u % pieces * PIECE, end = min(begin + PIECE, S);
        Long plane = (u / pieces * C + c) * S;
        float a = 0.0f, b = 0.0f;
        for (Long s = begin + lane; s < end; s += 32) {
            float2 v = f(plane + s);
            a += v.x;
            b += v.y;
        }
        first += a;
        second += b;
    }
    first = block_sum(first, parts);
    second = block_sum(second, parts);
    if (threadIdx.x == 0) {
        sums[c * splits + blockIdx.y] = first;
        sums[(C + c) * splits + blockIdx.y] = second;
    }
}

// What is taken off a channel's values before they are squared: its first one, so that a large mean
// with a small variance does not cancel.
__device__ __forceinline__ float origin_of(const float* x, Long c, Long S) {
    float first = x[c * S];
    return is_finite(first) ? first : 0.0f;
}

// Block (blockIdx.x, blockIdx.y) → channel c and one of its `splits` shares; a warp → a piece.
// sums: Σ d and Σ d² with d = x − origin.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_sums(const float* __restrict__ x,  // (N, C, S)
                double* __restrict__ sums,    // (2, C, splits)
                Long N, Long C, Long S, Long splits)
{
    float origin = origin_of(x, blockIdx.x, S);
    add_pieces(N, C, S, sums, [=](Long place) {
        float d = x[place] - origin;
        return make_float2(d, d * d);
    });
}

// Thread → channel. v = Σ d² / n − (Σ d / n)², not below 0.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_statistics(const float* __restrict__ x,      // (N, C, S)
                      const double* __restrict__ sums,  // (2, C, splits)
                      float* __restrict__ mean,         // (C)
                      float* __restrict__ var,          // (C)
                      float* __restrict__ inverse,      // (C)
                      Long N, Long C, Long S, Long splits, double eps)
{
    GRID_STRIDE(c, C) {
        double first = 0.0, second = 0.0, n = (double)N * S;
        for (Long k = 0; k < splits; k++) {
            first += sums[c * splits + k];
            second += sums[(C + c) * splits + k];
        }
        double shift = first / n, v = second / n - shift * shift;
        v = v < 0.0 ? 0.0 : v;
        mean[c] = (float)(origin_of(x, c, S) + shift);
        var[c] = (float)v;
        inverse[c] = (float)(1.0 / sqrt(v + eps));
    }
}

// Thread → channel. running ← keep · running + momentum · batch, the batch's variance times
// correction = n / (n − 1). Products are rounded before they are added up, as the CPU does it.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_running(const float* __restrict__ mean,    // (C)
                   const float* __restrict__ var,     // (C)
                   float* __restrict__ running_mean,  // (C)
                   float* __restrict__ running_var,   // (C)
                   Long C, float correction, float keep, float momentum)
{
    GRID_STRIDE(c, C) {
        float unbiased = __fmul_rn(var[c], correction);
        running_mean[c] =
            __fadd_rn(__fmul_rn(keep, running_mean[c]), __fmul_rn(momentum, mean[c]));
        running_var[c] =
            __fadd_rn(__fmul_rn(keep, running_var[c]), __fmul_rn(momentum, unbiased));
    }
}

// Threads with one threadIdx.y → a plane; lanes → neighbouring values. One division by C for each
// plane. y = finish(γ x̂ + β, place)
template <typename F>
__device__ __forceinline__ void
normalise(const float* x, const float* mean, const float* inverse, const float* weight,
          const float* bias, float* y, Long N, Long C, Long S, F finish) {
    Long first = (Long)blockIdx.x * blockDim.y + threadIdx.y;
    for (Long plane = first; plane < N * C; plane += (Long)gridDim.x * blockDim.y) {
        Long c = plane % C;
        float centre = mean[c], offset = bias ? bias[c] : 0.0f;
        float factor = weight ? inverse[c] * weight[c] : inverse[c];
        for (Long s = threadIdx.x; s < S; s += blockDim.x) {
            Long place = plane * S + s;
            y[place] = finish((x[place] - centre) * factor + offset, place);
        }
    }
}

extern "C" __global__ void __launch_bounds__(512)
batch_norm_forward(const float* __restrict__ x,        // (N, C, S)
                   const float* __restrict__ mean,     // (C)
                   const float* __restrict__ inverse,  // (C)
                   const float* __restrict__ weight,   // (C) or null
                   const float* __restrict__ bias,     // (C) or null
                   float* __restrict__ y,              // (N, C, S)
                   Long N, Long C, Long S)
{
    normalise(x, mean, inverse, weight, bias, y, N, C, S, [](float v, Long) { return v; });
}

// NaN goes on, and a sum of 0 is 0.
extern "C" __global__ void __launch_bounds__(512)
batch_norm_add_relu_forward(const float* __restrict__ x,         // (N, C, S)
                            const float* __restrict__ shortcut,  // (N, C, S)
                            const float* __restrict__ mean,      // (C)
                            const float* __restrict__ inverse,   // (C)
                            const float* __restrict__ weight,    // (C) or null
                            const float* __restrict__ bias,      // (C) or null
                            float* __restrict__ y,               // (N, C, S)
                            Long N, Long C, Long S)
{
    normalise(x, mean, inverse, weight, bias, y, N, C, S, [=](float v, Long place) {
        float sum = v + shortcut[place];
        return sum <= 0.0f ? 0.0f : sum;
    });
}

// As batch_norm_sums: Σ gy and Σ gy (x − mean).
extern "C" __global__ void __launch_bounds__(256)
batch_norm_gradient_sums(const float* __restrict__ gy,    // (N, C, S)
                         const float* __restrict__ x,     // (N, C, S)
                         const float* __restrict__ mean,  // (C)
                         double* __restrict__ sums,       // (2, C, splits)
                         Long N, Long C, Long S, Long splits)
{
    float centre = mean[blockIdx.x];
    add_pieces(N, C, S, sums, [=](Long place) {
        float g = gy[place];
        return make_float2(g, g * (x[place] - centre));
    });
}

// The same of g, the gradient of what ReLU has been given: gy, or 0 where y is 0. Each place is
// read by one thread, which so can leave g there: it is gshortcut.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_add_relu_gradient_sums(const float* __restrict__ gy,    // (N, C, S)
                                  const float* __restrict__ y,     // (N, C, S)
                                  const float* __restrict__ x,     // (N, C, S)
                                  const float* __restrict__ mean,  // (C)
                                  float* __restrict__ gshortcut,   // (N, C, S)
                                  double* __restrict__ sums,       // (2, C, splits)
                                  Long N, Long C, Long S, Long splits)
{
    float centre = mean[blockIdx.x];
    add_pieces(N, C, S, sums, [=](Long place) {
        float g = y[place] <= 0.0f ? 0.0f : gy[place];
        gshortcut[place] = g;
        return make_float2(g, g * (x[place] - centre));
    });
}

// Thread → channel. gbias = Σ gy, gweight = Σ gy x̂.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_parameter_gradients(const double* __restrict__ sums,    // (2, C, splits)
                               const float* __restrict__ inverse,  // (C)
                               float* __restrict__ gweight,        // (C)
                               float* __restrict__ gbias,          // (C)
                               Long C, Long splits)
{
    GRID_STRIDE(c, C) {
        double first = 0.0, second = 0.0;
        for (Long k = 0; k < splits; k++) {
            first += sums[c * splits + k];
            second += sums[(C + c) * splits + k];
        }
        gbias[c] = (float)first;
        gweight[c] = (float)(second * inverse[c]);
    }
}

// As normalise: gx = γ σ (gy − (gbias + x̂ gweight) / n), or γ σ gy where the mean and the
// variance were given and so do not depend on x.
extern "C" __global__ void __launch_bounds__(512)
batch_norm_backward(const float* __restrict__ gy,       // (N, C, S)
                    const float* __restrict__ x,        // (N, C, S)
                    const float* __restrict__ mean,     // (C)
                    const float* __restrict__ inverse,  // (C)
                    const float* __restrict__ weight,   // (C) or null
                    const float* __restrict__ gweight,  // (C) or null
                    const float* __restrict__ gbias,    // (C) or null
                    float* __restrict__ gx,             // (N, C, S)
                    Long N, Long C, Long S, int training)
{
    Long first = (Long)blockIdx.x * blockDim.y + threadIdx.y;
    float share = 1.0f / ((float)N * (float)S);
    for (Long plane = first; plane < N * C; plane += (Long)gridDim.x * blockDim.y) {
        Long c = plane % C;
        float centre = mean[c], factor = weight ? inverse[c] * weight[c] : inverse[c];
        float along = training ? inverse[c] * gweight[c] * share : 0.0f;
        float even = training ? gbias[c] * share : 0.0f;
        for (Long s = threadIdx.x; s < S; s += blockDim.x) {
            Long place = plane * S + s;
            float g = gy[place];
            if (training) g -= even + (x[place] - centre) * along;
            gx[place] = g * factor;
        }
    }
}
