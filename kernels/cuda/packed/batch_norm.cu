// Batch norm (ops/norm/batch_norm.py has the equations) of packed images (packed/array.py):
// bfloat16, channels last. Statistics, parameters and all that is computed are float32.
//
// Shapes: x, y, gy, gx (pixels, C), the pixels of all images; one number for each channel: mean,
// var, inverse (σ = 1 / √(v + ε)), weight, bias.
// Bytes for each element: 2 to read for the statistics, 4 for y; backward 4 for the sums and 6 for
// gx. FLOPs: 3 and 2; backward 4 and 5, and 6 integer steps to round: memory decides.
//
// Block → `share` pixels of up to 32 packs of neighbouring channels: threads along x have one pack
// each, those along y one pixel each, and then the next blockDim.y. A pack has eight channels, one
// word of 16 bytes, or one where C is no multiple of eight. Each block leaves the sums over its
// share; a warp for each channel adds them up in a fixed order: no atomics, and the same bits in
// every run.

#include "../common.cuh"

#define WIDEST 256  // channels of a block, at most: 32 packs of eight

struct Parts { float at[8][2][WIDEST]; };  // two sums for each warp and channel

// Are channels taken by eights? (Packed images begin at a multiple of 16 bytes.)
__device__ __forceinline__ bool in_eights(Long C) { return C % 8 == 0; }

// What a block works on, in packs: of `packs` in a pixel, this thread has number `pack`; of all
// pixels, the block has those from `begin` to `end`.
struct Share { Long packs, pack, begin, end; };

// backwards: the last share first; a second pass so begins with what the first has left in the L2
// cache.
template <int W>
__device__ __forceinline__ Share share_of(Long pixels, Long C, Long share, bool backwards) {
    Long block = backwards ? gridDim.y - 1 - blockIdx.y : blockIdx.y;
    Long begin = block * share, pack = (Long)blockIdx.x * blockDim.x + threadIdx.x;
    return {C / W, pack, begin, min(begin + share, pixels)};
}

// turn(place, there): what to do at M places of the share, of which those count that are `there`.
// It reads them all before it uses the first: memory is kept busy by the bytes that are under way.
template <int W, int M, typename Turn> __device__ __forceinline__ void walk(Share of, Turn turn) {
    if (of.pack >= of.packs) return;
    for (Long r = of.begin + threadIdx.y; r < of.end; r += M * blockDim.y) {
        Long place[M];
        bool there[M];
        #pragma unroll
        for (int j = 0; j < M; j++) {
            place[j] = (r + j * blockDim.y) * of.packs + of.pack;
            there[j] = r + j * blockDim.y < of.end;
        }
        turn(place, there);
    }
}

// A number for each channel of this thread's pack; `otherwise` where there is no array.
template <int W>
__device__ __forceinline__ Pack<W> numbers(const float* array, Share of, float otherwise) {
    Pack<W> v;
    #pragma unroll
    for (int k = 0; k < W; k++)
        v.at[k] = array && of.pack < of.packs ? array[of.pack * W + k] : otherwise;
    return v;
}

// Leaves the sums over a block's share of its channels: first over the lanes of a warp that have
// one pack, then over the warps. A thread adds up few pixels, in float; the rest is double.
template <int W>
__device__ __forceinline__ void
leave(const Pack<W>& first, const Pack<W>& second, Parts& parts, double* sums, Long C) {
    int across = blockDim.x, thread = threadIdx.y * across + threadIdx.x;
    int channels = across * W, warps = ceil_div(across * blockDim.y, 32);
    #pragma unroll
    for (int k = 0; k < W; k++) {
        float a = first.at[k], b = second.at[k];
        for (int by = 16; by >= across; by /= 2) {
            a += __shfl_xor_sync(ALL_LANES, a, by);
            b += __shfl_xor_sync(ALL_LANES, b, by);
        }
        if (thread % 32 < across) {
            parts.at[thread / 32][0][threadIdx.x * W + k] = a;
            parts.at[thread / 32][1][threadIdx.x * W + k] = b;
        }
    }
    __syncthreads();
    Long c = (Long)blockIdx.x * channels + thread;
    if (thread >= channels || c >= C) return;
    double a = 0.0, b = 0.0;
    for (int warp = 0; warp < warps; warp++)
        a += parts.at[warp][0][thread], b += parts.at[warp][1][thread];
    sums[c * gridDim.y + blockIdx.y] = a;
    sums[(C + c) * gridDim.y + blockIdx.y] = b;
}

// What all blocks have left of a channel, in every lane of a warp.
struct Total { double first, second; };

__device__ __forceinline__ Total total_of(const double* sums, Long C, Long c, int splits) {
    double a = 0.0, b = 0.0;
    for (int k = threadIdx.x % 32; k < splits; k += 32)
        a += sums[c * splits + k], b += sums[(C + c) * splits + k];
    return {warp_sum(a), warp_sum(b)};
}

// What is taken off a channel's values before they are squared: its first one, so that a large mean
// with a small variance does not cancel.
__device__ __forceinline__ float origin_of(unsigned short first) {
    float v = from_bfloat16(first);
    return is_finite(v) ? v : 0.0f;
}

// v: the packs at those of M places that are there.
template <int W, int M>
__device__ __forceinline__ void
read(const unsigned short* array, const Long* place, const bool* there, Pack<W>* v) {
    #pragma unroll
    for (int j = 0; j < M; j++) if (there[j]) v[j] = load<W>(array, place[j]);
}

template <int W>
__device__ __forceinline__ void
add_moments(const unsigned short* x, Parts& parts, double* sums, Long pixels, Long C, Long share) {
    Share of = share_of<W>(pixels, C, share, false);
    const int M = 4;
    Pack<W> origin, first = {}, second = {};
    #pragma unroll
    for (int k = 0; k < W; k++)
        origin.at[k] = of.pack < of.packs ? origin_of(x[of.pack * W + k]) : 0.0f;
    walk<W, M>(of, [&](const Long* place, const bool* there) {
        Pack<W> v[M];
        read<W, M>(x, place, there, v);
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            #pragma unroll
            for (int k = 0; k < W; k++) {
                float d = v[j].at[k] - origin.at[k];
                first.at[k] += d, second.at[k] += d * d;
            }
        }
    });
    leave<W>(first, second, parts, sums, C);
}

// sums: Σ d and Σ d² with d = x − origin.
extern "C" __global__ void __launch_bounds__(256)
packed_batch_norm_sums(const unsigned short* __restrict__ x,  // (pixels, C)
                       double* __restrict__ sums,             // (2, C, splits)
                       Long pixels, Long C, Long share, int splits)
{
    __shared__ Parts parts;
    if (in_eights(C)) add_moments<8>(x, parts, sums, pixels, C, share);
    else add_moments<1>(x, parts, sums, pixels, C, share);
}

// Warp → a channel. In training mean and v come from the sums, v = Σ d² / n − (Σ d / n)², not below
// 0; else they are given, and σ alone is worked out.
extern "C" __global__ void __launch_bounds__(256)
packed_batch_norm_moments(const unsigned short* __restrict__ x,  // (pixels, C)
                          const double* __restrict__ sums,       // (2, C, splits) or null
                          const float* __restrict__ given_var,   // (C) or null
                          float* __restrict__ mean,              // (C) or null
                          float* __restrict__ var,               // (C) or null
                          float* __restrict__ inverse,           // (C)
                          Long pixels, Long C, int splits, double eps)
{
    Long c = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    if (c >= C) return;
    double v;
    if (sums) {
        Total all = total_of(sums, C, c, splits);
        double shift = all.first / pixels;
        v = all.second / pixels - shift * shift;
        v = v < 0.0 ? 0.0 : v;
        if (threadIdx.x % 32 == 0) mean[c] = (float)(origin_of(x[c]) + shift), var[c] = (float)v;
    } else v = given_var[c];
    if (threadIdx.x % 32 == 0) inverse[c] = (float)(1.0 / sqrt(v + eps));
}

template <int W>
__device__ __forceinline__ void
normalise(const unsigned short* x, const float* mean, const float* inverse, const float* weight,
          const float* bias, unsigned short* y, Long pixels, Long C, Long share) {
    const int M = 4;
    Share of = share_of<W>(pixels, C, share, true);
    Pack<W> centre = numbers<W>(mean, of, 0.0f), factor = numbers<W>(inverse, of, 1.0f);
    Pack<W> scale = numbers<W>(weight, of, 1.0f), offset = numbers<W>(bias, of, 0.0f);
    #pragma unroll
    for (int k = 0; k < W; k++) {
        factor.at[k] *= scale.at[k];
        offset.at[k] -= centre.at[k] * factor.at[k];
    }
    walk<W, M>(of, [=](const Long* place, const bool* there) {
        Pack<W> v[M];
        read<W, M>(x, place, there, v);
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            #pragma unroll
            for (int k = 0; k < W; k++)
                v[j].at[k] = v[j].at[k] * factor.at[k] + offset.at[k];
            store<W>(y, place[j], v[j]);
        }
    });
}

// y = γ x̂ + β = a x + b with numbers a, b for each channel. (Where a x and b cancel, x itself, in
// bfloat16, cannot tell its values apart.)
extern "C" __global__ void __launch_bounds__(256, 3)
packed_batch_norm_forward(const unsigned short* __restrict__ x,  // (pixels, C)
                          const float* __restrict__ mean,        // (C)
                          const float* __restrict__ inverse,     // (C)
                          const float* __restrict__ weight,      // (C) or null
                          const float* __restrict__ bias,        // (C) or null
                          unsigned short* __restrict__ y,        // (pixels, C)
                          Long pixels, Long C, Long share)
{
    if (in_eights(C)) normalise<8>(x, mean, inverse, weight, bias, y, pixels, C, share);
    else normalise<1>(x, mean, inverse, weight, bias, y, pixels, C, share);
}

template <int W>
__device__ __forceinline__ void
add_gradients(const unsigned short* gy, const unsigned short* x, const float* mean, Parts& parts,
              double* sums, Long pixels, Long C, Long share) {
    Share of = share_of<W>(pixels, C, share, false);
    const int M = 4;
    Pack<W> centre = numbers<W>(mean, of, 0.0f), first = {}, second = {};
    walk<W, M>(of, [&](const Long* place, const bool* there) {
        Pack<W> g[M], v[M] = {};
        read<W, M>(gy, place, there, g);
        if (x) read<W, M>(x, place, there, v);
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            #pragma unroll
            for (int k = 0; k < W; k++) {
                first.at[k] += g[j].at[k];
                if (x) second.at[k] += g[j].at[k] * (v[j].at[k] - centre.at[k]);
            }
        }
    });
    leave<W>(first, second, parts, sums, C);
}

// sums: Σ gy and Σ gy (x − mean); the second is 0 without x.
extern "C" __global__ void __launch_bounds__(256)
packed_batch_norm_gradient_sums(const unsigned short* __restrict__ gy,  // (pixels, C)
                                const unsigned short* __restrict__ x,   // (pixels, C) or null
                                const float* __restrict__ mean,         // (C) or null
                                double* __restrict__ sums,              // (2, C, splits)
                                Long pixels, Long C, Long share, int splits)
{
    __shared__ Parts parts;
    if (in_eights(C)) add_gradients<8>(gy, x, mean, parts, sums, pixels, C, share);
    else add_gradients<1>(gy, x, mean, parts, sums, pixels, C, share);
}

// Warp → a channel: gbias = Σ gy, gweight = Σ gy x̂.
extern "C" __global__ void __launch_bounds__(256)
packed_batch_norm_slopes(const double* __restrict__ sums,    // (2, C, splits)
                         const float* __restrict__ inverse,  // (C) or null
                         float* __restrict__ gbias,          // (C)
                         float* __restrict__ gweight,        // (C) or null
                         Long C, int splits)
{
    Long c = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    if (c >= C) return;
    Total all = total_of(sums, C, c, splits);
    if (threadIdx.x % 32 > 0) return;
    gbias[c] = (float)all.first;
    if (gweight) gweight[c] = (float)(all.second * inverse[c]);
}

template <int W>
__device__ __forceinline__ void
differentiate(const unsigned short* gy, const unsigned short* x, const float* mean,
              const float* inverse, const float* weight, const float* gweight, const float* gbias,
              unsigned short* gx, Long pixels, Long C, Long share) {
    Share of = share_of<W>(pixels, C, share, true);
    const int M = 2;
    float n = (float)pixels;
    Pack<W> centre = numbers<W>(mean, of, 0.0f), factor = numbers<W>(inverse, of, 1.0f);
    Pack<W> along = numbers<W>(gweight, of, 0.0f), even = numbers<W>(gbias, of, 0.0f);
    Pack<W> scale = numbers<W>(weight, of, 1.0f);
    #pragma unroll
    for (int k = 0; k < W; k++) {
        float slope = factor.at[k] * along.at[k] / n, scaled = factor.at[k] * scale.at[k];
        even.at[k] = scaled * (centre.at[k] * slope - even.at[k] / n);
        along.at[k] = -scaled * slope;
        factor.at[k] = scaled;
    }
    walk<W, M>(of, [=](const Long* place, const bool* there) {
        Pack<W> g[M], v[M] = {};
        read<W, M>(gy, place, there, g);
        if (gbias) read<W, M>(x, place, there, v);
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            #pragma unroll
            for (int k = 0; k < W; k++) {
                float rest = gbias ? v[j].at[k] * along.at[k] + even.at[k] : 0.0f;
                g[j].at[k] = g[j].at[k] * factor.at[k] + rest;
            }
            store<W>(gx, place[j], g[j]);
        }
    });
}

// gx = γ σ (gy − (gbias + x̂ gweight) / n) = a gy + b x + c, which is γ σ gy where the mean and the
// variance were given and so do not depend on x: gweight and gbias are null, and x is not read.
extern "C" __global__ void __launch_bounds__(256, 3)
packed_batch_norm_backward(const unsigned short* __restrict__ gy,  // (pixels, C)
                           const unsigned short* __restrict__ x,   // (pixels, C)
                           const float* __restrict__ mean,         // (C)
                           const float* __restrict__ inverse,      // (C)
                           const float* __restrict__ weight,       // (C) or null
                           const float* __restrict__ gweight,      // (C) or null
                           const float* __restrict__ gbias,        // (C) or null
                           unsigned short* __restrict__ gx,        // (pixels, C)
                           Long pixels, Long C, Long share)
{
    if (in_eights(C))
        differentiate<8>(gy, x, mean, inverse, weight, gweight, gbias, gx, pixels, C, share);
    else differentiate<1>(gy, x, mean, inverse, weight, gweight, gbias, gx, pixels, C, share);
}
