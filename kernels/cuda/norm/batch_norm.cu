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
// Two passes, both by the map of `walk`: a block has one channel, or a share of it. In the first
// each block adds up its share in a fixed order; in the second each adds up those few results
// again, which saves a launch in between. So nothing depends on timing, and there are no atomics.

#include "../common.cuh"

// May planes of S values be taken by fours? Those arrays too that are not there (null).
__device__ __forceinline__ bool in_fours(int S, const void* a, const void* b, const void* c) {
    return S % 4 == 0 && is_quad(a, b, c);
}

// A channel of the images, cut into segments: runs of `length` values of a plane (the last of a
// plane may be shorter). Runs at one place of all images follow each other.
struct Channel { int N, S, length; Long C, c; };

// Blocks with one blockIdx.x → a channel; a warp → M segments; lanes → neighbouring packs.
// turn(place, there): what to do at M places, of which those count that are `there`. It reads them
// all before it uses the first: memory is kept busy by the bytes that are under way.
// backwards: from the last to the first; so a second pass begins with what the first has left in
// the L2 cache, where the same order would always ask for what has just been driven out.
template <int W, int M, typename Turn>
__device__ __forceinline__ void walk(Channel of, bool backwards, Turn turn) {
    int S = of.S / W, length = of.length / W, runs = ceil_div(S, length);
    int segments = of.N * runs, groups = ceil_div(segments, M), turns = ceil_div(length, 32);
    int warps = blockDim.x / 32, lane = threadIdx.x % 32;
    for (int g = blockIdx.y * warps + threadIdx.x / 32; g < groups; g += gridDim.y * warps) {
        int segment = M * (backwards ? groups - 1 - g : g);
        int run = segment / of.N, image = segment % of.N, size[M];
        Long begin[M];
        #pragma unroll
        for (int j = 0; j < M; j++) {
            begin[j] = (image * of.C + of.c) * S + run * length;
            size[j] = segment + j < segments ? min(length, S - run * length) : 0;
            if (++image == of.N) image = 0, run++;
        }
        for (int t = 0; t < turns; t++) {
            int s = 32 * (backwards ? turns - 1 - t : t) + lane;
            Long place[M];
            bool there[M];
            #pragma unroll
            for (int j = 0; j < M; j++) place[j] = begin[j] + s, there[j] = s < size[j];
            turn(place, there);
        }
    }
}

// Two sums over a channel. A turn of a walk is added up in float, and all turns in double.
struct Sums { double first, second; };

// Leaves the sum over a block's share of channel c.
__device__ __forceinline__ void leave(Sums of, double* sums, Long C, Long c) {
    __shared__ double parts[32];
    double first = block_sum(of.first, parts), second = block_sum(of.second, parts);
    if (threadIdx.x > 0) return;
    sums[c * gridDim.y + blockIdx.y] = first;
    sums[(C + c) * gridDim.y + blockIdx.y] = second;
}

// What `splits` blocks have left of a channel, added up by a warp.
__device__ __forceinline__ Sums total(const double* sums, Long C, Long c, int splits) {
    Sums of = {0.0, 0.0};
    for (int k = threadIdx.x % 32; k < splits; k += 32) {
        of.first += sums[c * splits + k];
        of.second += sums[(C + c) * splits + k];
    }
    return {warp_sum(of.first), warp_sum(of.second)};
}

// What is taken off a channel's values before they are squared: its first one, so that a large mean
// with a small variance does not cancel.
__device__ __forceinline__ float origin_of(const float* x, Long c, int S) {
    float first = x[c * S];
    return is_finite(first) ? first : 0.0f;
}

template <int W>
__device__ __forceinline__ void add_moments(const float* x, float origin, Channel of, Sums& sums) {
    const int M = 4;
    walk<W, M>(of, false, [&](const Long* place, const bool* there) {
        Pack<W> v[M];
        float a = 0.0f, b = 0.0f;
        #pragma unroll
        for (int j = 0; j < M; j++) if (there[j]) v[j] = load<W>(x, place[j]);
        #pragma unroll
        for (int k = 0; k < W * M; k++) {
            float d = there[k / W] ? v[k / W].at[k % W] - origin : 0.0f;
            a += d;
            b += d * d;
        }
        sums.first += a, sums.second += b;
    });
}

// sums: Σ d and Σ d² with d = x − origin.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_sums(const float* __restrict__ x,  // (N, C, S)
                double* __restrict__ sums,    // (2, C, splits)
                int N, Long C, int S, int length, int splits)
{
    Channel of = {N, S, length, C, blockIdx.x};
    float origin = origin_of(x, of.c, S);
    Sums sum = {0.0, 0.0};
    if (in_fours(S, x, x, x)) add_moments<4>(x, origin, of, sum);
    else add_moments<1>(x, origin, of, sum);
    leave(sum, sums, C, of.c);
}

// Mean and σ of a channel, in all threads of a block. In training they come from the sums of the
// first pass, v = Σ d² / n − (Σ d / n)², not below 0; each block of the channel works them out in
// the same way, and one of them writes them down.
struct Moments { float mean, inverse; };

__device__ __forceinline__ Moments
moments_of(Channel of, const float* x, const double* sums, const float* given_mean,
           const float* given_var, float* mean, float* var, float* inverse, int splits,
           double eps) {
    __shared__ Moments known;
    Long c = of.c;
    if (threadIdx.x < 32) {
        double centre, v;
        if (sums) {
            Sums all = total(sums, of.C, c, splits);
            double n = (double)of.N * of.S, shift = all.first / n;
            centre = origin_of(x, c, of.S) + shift;
            v = all.second / n - shift * shift;
            v = v < 0.0 ? 0.0 : v;
        } else centre = given_mean[c], v = given_var[c];
        if (threadIdx.x == 0) {
            known = {(float)centre, (float)(1.0 / sqrt(v + eps))};
            if (blockIdx.y == 0) inverse[c] = known.inverse;
            if (blockIdx.y == 0 && sums) mean[c] = known.mean, var[c] = (float)v;
        }
    }
    __syncthreads();
    return known;
}

// y = γ x̂ + β; ADD: y = max(γ x̂ + β + shortcut, 0), where NaN goes on and a sum of 0 is 0.
template <int W, bool ADD>
__device__ __forceinline__ void
normalise(Channel of, const float* x, const float* shortcut, float centre, float factor,
          float offset, float* y) {
    const int M = ADD && W == 4 ? 2 : 4;
    walk<W, M>(of, true, [=](const Long* place, const bool* there) {
        Pack<W> v[M], z[M];
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (there[j]) v[j] = load<W>(x, place[j]);
            if (there[j] && ADD) z[j] = load<W>(shortcut, place[j]);
        }
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            for (int k = 0; k < W; k++) {
                float u = (v[j].at[k] - centre) * factor + offset;
                if (ADD) u += z[j].at[k], u = u <= 0.0f ? 0.0f : u;
                v[j].at[k] = u;
            }
            store<W>(y, place[j], v[j]);
        }
    });
}

// The same of a whole channel. shortcut: x without ADD.
template <bool ADD>
__device__ __forceinline__ void
normalise_channel(Channel of, Moments m, const float* x, const float* shortcut,
                  const float* weight, const float* bias, float* y) {
    float factor = weight ? m.inverse * weight[of.c] : m.inverse, offset = bias ? bias[of.c] : 0.0f;
    if (in_fours(of.S, x, shortcut, y))
        normalise<4, ADD>(of, x, shortcut, m.mean, factor, offset, y);
    else normalise<1, ADD>(of, x, shortcut, m.mean, factor, offset, y);
}

// The second pass. In training with sums; else with the given mean and var.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_forward(const float* __restrict__ x,           // (N, C, S)
                   const double* __restrict__ sums,       // (2, C, splits) or null
                   const float* __restrict__ given_mean,  // (C) or null
                   const float* __restrict__ given_var,   // (C) or null
                   const float* __restrict__ weight,      // (C) or null
                   const float* __restrict__ bias,        // (C) or null
                   float* __restrict__ mean,              // (C) or null
                   float* __restrict__ var,               // (C) or null
                   float* __restrict__ inverse,           // (C)
                   float* __restrict__ y,                 // (N, C, S)
                   int N, Long C, int S, int length, int splits, double eps)
{
    Channel of = {N, S, length, C, C - 1 - blockIdx.x};
    Moments m = moments_of(of, x, sums, given_mean, given_var, mean, var, inverse, splits, eps);
    normalise_channel<false>(of, m, x, x, weight, bias, y);
}

extern "C" __global__ void __launch_bounds__(256)
batch_norm_add_relu_forward(const float* __restrict__ x,           // (N, C, S)
                            const float* __restrict__ shortcut,    // (N, C, S)
                            const double* __restrict__ sums,       // (2, C, splits) or null
                            const float* __restrict__ given_mean,  // (C) or null
                            const float* __restrict__ given_var,   // (C) or null
                            const float* __restrict__ weight,      // (C) or null
                            const float* __restrict__ bias,        // (C) or null
                            float* __restrict__ mean,              // (C) or null
                            float* __restrict__ var,               // (C) or null
                            float* __restrict__ inverse,           // (C)
                            float* __restrict__ y,                 // (N, C, S)
                            int N, Long C, int S, int length, int splits, double eps)
{
    Channel of = {N, S, length, C, C - 1 - blockIdx.x};
    Moments m = moments_of(of, x, sums, given_mean, given_var, mean, var, inverse, splits, eps);
    normalise_channel<true>(of, m, x, shortcut, weight, bias, y);
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

// Σ g and Σ g (x − mean). RELU: g is the gradient of what ReLU has been given, gy, or 0 where y is
// 0; each place is read by one thread, which so can leave g there: it is gshortcut.
template <int W, bool RELU>
__device__ __forceinline__ void
add_gradients(Channel of, const float* gy, const float* y, const float* x, float centre,
              float* gshortcut, Sums& sums) {
    const int M = W == 4 ? 2 : 4;
    walk<W, M>(of, false, [&](const Long* place, const bool* there) {
        Pack<W> g[M], v[M], u[M];
        float a = 0.0f, b = 0.0f;
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (there[j]) g[j] = load<W>(gy, place[j]), v[j] = load<W>(x, place[j]);
            if (there[j] && RELU) u[j] = load<W>(y, place[j]);
        }
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            for (int k = 0; k < W; k++) {
                float slope = RELU && u[j].at[k] <= 0.0f ? 0.0f : g[j].at[k];
                a += slope;
                b += slope * (v[j].at[k] - centre);
                g[j].at[k] = slope;
            }
            if (RELU) store<W>(gshortcut, place[j], g[j]);
        }
        sums.first += a, sums.second += b;
    });
}

// The same of a block's share of a channel. y: x, and gshortcut null, without RELU.
template <bool RELU>
__device__ __forceinline__ void
leave_gradients(Channel of, const float* gy, const float* y, const float* x, const float* mean,
                float* gshortcut, double* sums) {
    Sums sum = {0.0, 0.0};
    if (in_fours(of.S, gy, y, x) && is_quad(gshortcut, nullptr))
        add_gradients<4, RELU>(of, gy, y, x, mean[of.c], gshortcut, sum);
    else add_gradients<1, RELU>(of, gy, y, x, mean[of.c], gshortcut, sum);
    leave(sum, sums, of.C, of.c);
}

// As batch_norm_sums.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_gradient_sums(const float* __restrict__ gy,    // (N, C, S)
                         const float* __restrict__ x,     // (N, C, S)
                         const float* __restrict__ mean,  // (C)
                         double* __restrict__ sums,       // (2, C, splits)
                         int N, Long C, int S, int length, int splits)
{
    Channel of = {N, S, length, C, blockIdx.x};
    leave_gradients<false>(of, gy, x, x, mean, nullptr, sums);
}

extern "C" __global__ void __launch_bounds__(256)
batch_norm_add_relu_gradient_sums(const float* __restrict__ gy,    // (N, C, S)
                                  const float* __restrict__ y,     // (N, C, S)
                                  const float* __restrict__ x,     // (N, C, S)
                                  const float* __restrict__ mean,  // (C)
                                  float* __restrict__ gshortcut,   // (N, C, S)
                                  double* __restrict__ sums,       // (2, C, splits)
                                  int N, Long C, int S, int length, int splits)
{
    Channel of = {N, S, length, C, blockIdx.x};
    leave_gradients<true>(of, gy, y, x, mean, gshortcut, sums);
}

// gx = (g − (even + (x − mean) along)) factor; in evaluation both are 0, and x is not read.
template <int W>
__device__ __forceinline__ void
differentiate(Channel of, const float* gy, const float* x, float centre, float factor, float along,
              float even, bool training, float* gx) {
    const int M = W == 4 ? 2 : 4;
    walk<W, M>(of, true, [=](const Long* place, const bool* there) {
        Pack<W> g[M], v[M] = {};
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (there[j]) g[j] = load<W>(gy, place[j]);
            if (there[j] && training) v[j] = load<W>(x, place[j]);
        }
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            for (int k = 0; k < W; k++) {
                float u = g[j].at[k];
                if (training) u -= even + (v[j].at[k] - centre) * along;
                g[j].at[k] = u * factor;
            }
            store<W>(gx, place[j], g[j]);
        }
    });
}

// The second pass: gbias = Σ gy, gweight = Σ gy x̂ and gx = γ σ (gy − (gbias + x̂ gweight) / n),
// which is γ σ gy where the mean and the variance were given and so do not depend on x.
extern "C" __global__ void __launch_bounds__(256)
batch_norm_backward(const float* __restrict__ gy,       // (N, C, S)
                    const float* __restrict__ x,        // (N, C, S)
                    const float* __restrict__ mean,     // (C)
                    const float* __restrict__ inverse,  // (C)
                    const float* __restrict__ weight,   // (C) or null
                    const double* __restrict__ sums,    // (2, C, splits) or null
                    float* __restrict__ gweight,        // (C) or null
                    float* __restrict__ gbias,          // (C) or null
                    float* __restrict__ gx,             // (N, C, S) or null
                    int N, Long C, int S, int length, int splits, bool training)
{
    __shared__ float gradients[2];
    Channel of = {N, S, length, C, C - 1 - blockIdx.x};
    float centre = mean[of.c], sigma = inverse[of.c], share = 1.0f / ((float)N * (float)S);
    if (sums && threadIdx.x < 32) {
        Sums all = total(sums, C, of.c, splits);
        if (threadIdx.x == 0) {
            gradients[0] = (float)all.first, gradients[1] = (float)(all.second * sigma);
            if (blockIdx.y == 0) gbias[of.c] = gradients[0], gweight[of.c] = gradients[1];
        }
    }
    if (!gx) return;
    __syncthreads();
    float even = training ? gradients[0] * share : 0.0f;
    float along = training ? sigma * gradients[1] * share : 0.0f;
    float factor = weight ? sigma * weight[of.c] : sigma;
    if (in_fours(S, gy, x, gx))
        differentiate<4>(of, gy, x, centre, factor, along, even, training, gx);
    else differentiate<1>(of, gy, x, centre, factor, along, even, training, gx);
}
