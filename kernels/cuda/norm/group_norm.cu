// Group norm and layer norm (ops/norm/group_norm.py and layer_norm.py have the equations).
//
// Shapes: x, y, gy, gx (N, C, S), S is all that follows the channels; one number for each group of
// a sample: mean, var, inverse (σ = 1 / √(v + ε)); for each channel: weight, bias. A row is a group
// of a sample: n = C / G · S values, one behind the other. Layer norm is S = 1 and G = 1, with C
// values in a sample. Bytes for each element: 8 forward; backward 12 for gx and 8 for weight and
// bias. A row is read once and kept in shared memory, or is read twice where it is too long.
// FLOPs: 3 for the statistics and 4; backward 4 and 5.

#include "../common.cuh"

#define RUN 32  // values that a thread adds up in float before it goes on in double

__device__ __forceinline__ double sum_of(double a, double b) { return a + b; }

// The channel of the k-th value of row r. (A division of 32 bits; none where each has its own.)
__device__ __forceinline__ Long channel_of(Long r, Long k, Long C, Long S, Long G) {
    return r % G * (C / G) + (S == 1 ? k : (int)k / (int)S);
}

// A mean of double precision, taken off in two steps of single precision.
struct Mean { float near, rest; };

__device__ __forceinline__ Mean split(double mean) {
    return {(float)mean, (float)(mean - (float)mean)};
}

__device__ __forceinline__ float centred(float x, Mean mean) { return (x - mean.near) - mean.rest; }

// Adds up two numbers of each value from the first to the last but `end`, `step` apart.
// f(k) → the two numbers of value k, as float2.
template <typename F>
__device__ __forceinline__ void
add_runs(Long first, Long end, Long step, double& one, double& two, F f) {
    for (Long begin = first; begin < end; begin += RUN * step) {
        float a = 0.0f, b = 0.0f;
        Long stop = min(begin + RUN * step, end);
        for (Long k = begin; k < stop; k += step) {
            float2 v = f(k);
            a += v.x;
            b += v.y;
        }
        one += a;
        two += b;
    }
}

// Row → the threads with one threadIdx.y; lanes → neighbouring values. Threads of rows beyond the
// last stay with the last one, without values, for the barriers. What is added up is the distance
// from the mean of the row's beginning, so that a large mean with a small variance does not cancel.
extern "C" __global__ void __launch_bounds__(512, 2)
group_norm_forward(const float* __restrict__ x,       // (N, C, S)
                   const float* __restrict__ weight,  // (C) or null
                   const float* __restrict__ bias,    // (C) or null
                   float* __restrict__ y,             // (N, C, S)
                   double* __restrict__ mean,         // (N, G)
                   float* __restrict__ var,           // (N, G)
                   float* __restrict__ inverse,       // (N, G)
                   Long N, Long C, Long S, Long G, float eps, bool kept)
{
    __shared__ double parts[32 * 8];
    DYN_SHARED(float, copies);  // (blockDim.y, n) where they are kept
    Long n = C / G * S, step = (Long)gridDim.x * blockDim.y;
    float* copy = copies + threadIdx.y * n;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < N * G; first += step) {
        Long r = min(first + threadIdx.y, N * G - 1), end = first + threadIdx.y < N * G ? n : 0;
        const float* row = x + r * n;
        double beginning = block_sum(threadIdx.x < end ? row[threadIdx.x] : 0.0, parts);
        float guess = (float)(beginning / min(n, (Long)blockDim.x));
        float origin = is_finite(guess) ? guess : 0.0f;
        double one = 0.0, two = 0.0;
        add_runs(threadIdx.x, end, blockDim.x, one, two, [=](Long k) {
            float value = row[k], d = value - origin;
            if (kept) copy[k] = value;
            return make_float2(d, d * d);
        });
        double shift = block_sum(one, parts) / n, v = block_sum(two, parts) / n - shift * shift;
        float spread = v < 0.0 ? 0.0f : (float)v, sigma = 1.0f / sqrtf(spread + eps);
        const float* again = kept ? copy : row;
        for (Long k = threadIdx.x; k < end; k += blockDim.x) {
            Long c = channel_of(r, k, C, S, G);
            float factor = weight ? sigma * weight[c] : sigma, offset = bias ? bias[c] : 0.0f;
            y[r * n + k] = ((again[k] - origin) - (float)shift) * factor + offset;
        }
        if (threadIdx.x == 0 && end) {
            mean[r] = origin + shift;
            var[r] = spread;
            inverse[r] = sigma;
        }
    }
}

// As group_norm_forward; with h = γ gy: gx = σ (h − (Σ h + x̂ Σ h x̂) / n). h and x̂ are kept.
extern "C" __global__ void __launch_bounds__(512, 2)
group_norm_backward(const float* __restrict__ gy,       // (N, C, S)
                    const float* __restrict__ x,        // (N, C, S)
                    const float* __restrict__ weight,   // (C) or null
                    const double* __restrict__ mean,    // (N, G)
                    const float* __restrict__ inverse,  // (N, G)
                    float* __restrict__ gx,             // (N, C, S)
                    Long N, Long C, Long S, Long G, bool kept)
{
    __shared__ double parts[32 * 8];
    DYN_SHARED(float, copies);  // (blockDim.y, 2, n) where they are kept
    Long n = C / G * S, step = (Long)gridDim.x * blockDim.y;
    float* copy = copies + threadIdx.y * 2 * n;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < N * G; first += step) {
        Long r = min(first + threadIdx.y, N * G - 1), end = first + threadIdx.y < N * G ? n : 0;
        Mean centre = split(mean[r]);
        float sigma = inverse[r];
        auto read = [=](Long k) {  // h and x̂
            float scale = weight ? weight[channel_of(r, k, C, S, G)] : 1.0f;
            return make_float2(gy[r * n + k] * scale, centred(x[r * n + k], centre) * sigma);
        };
        double one = 0.0, two = 0.0;
        add_runs(threadIdx.x, end, blockDim.x, one, two, [=](Long k) {
            float2 v = read(k);
            if (kept) copy[k] = v.x, copy[n + k] = v.y;
            return make_float2(v.x, v.x * v.y);
        });
        float even = (float)(block_sum(one, parts) / n), along = (float)(block_sum(two, parts) / n);
        for (Long k = threadIdx.x; k < end; k += blockDim.x) {
            float2 v = kept ? make_float2(copy[k], copy[n + k]) : read(k);
            gx[r * n + k] = (v.x - (even + v.y * along)) * sigma;
        }
    }
}

// S > 1. Block (blockIdx.x, blockIdx.y) → channel c and one of the `splits` shares of its samples;
// threads with one threadIdx.y → a plane. sums: Σ gy and Σ gy x̂.
extern "C" __global__ void __launch_bounds__(512)
group_norm_parameter_sums(const float* __restrict__ gy,       // (N, C, S)
                          const float* __restrict__ x,        // (N, C, S)
                          const double* __restrict__ mean,    // (N, G)
                          const float* __restrict__ inverse,  // (N, G)
                          double* __restrict__ sums,          // (2, splits, C)
                          Long N, Long C, Long S, Long G, Long splits)
{
    __shared__ double parts[256];
    Long c = blockIdx.x, g = c / (C / G), step = splits * blockDim.y;
    double one = 0.0, two = 0.0;
    for (Long m = (Long)blockIdx.y * blockDim.y + threadIdx.y; m < N; m += step) {
        Mean centre = split(mean[m * G + g]);
        float sigma = inverse[m * G + g];
        Long plane = (m * C + c) * S;
        add_runs(threadIdx.x, S, blockDim.x, one, two, [=](Long s) {
            float grad = gy[plane + s];
            return make_float2(grad, grad * (centred(x[plane + s], centre) * sigma));
        });
    }
    one = block_column(block_sum(one, parts), parts, sum_of);
    two = block_column(block_sum(two, parts), parts, sum_of);
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        sums[blockIdx.y * C + c] = one;
        sums[(splits + blockIdx.y) * C + c] = two;
    }
}

// S = 1. Lanes → neighbouring channels; blockIdx.y and threads along y → samples.
extern "C" __global__ void __launch_bounds__(256)
layer_norm_parameter_sums(const float* __restrict__ gy,       // (N, C)
                          const float* __restrict__ x,        // (N, C)
                          const double* __restrict__ mean,    // (N, G)
                          const float* __restrict__ inverse,  // (N, G)
                          double* __restrict__ sums,          // (2, splits, C)
                          Long N, Long C, Long G, Long splits)
{
    __shared__ double parts[256];
    Long c = (Long)blockIdx.x * blockDim.x + threadIdx.x, g = c / (C / G);
    Long first = (Long)blockIdx.y * blockDim.y + threadIdx.y;
    double one = 0.0, two = 0.0;
    add_runs(first, c < C ? N : 0, splits * blockDim.y, one, two, [=](Long m) {
        float grad = gy[m * C + c];
        Mean centre = split(mean[m * G + g]);
        return make_float2(grad, grad * (centred(x[m * C + c], centre) * inverse[m * G + g]));
    });
    one = block_column(one, parts, sum_of);
    two = block_column(two, parts, sum_of);
    if (threadIdx.y == 0 && c < C) {
        sums[blockIdx.y * C + c] = one;
        sums[(splits + blockIdx.y) * C + c] = two;
    }
}

// Thread → channel.
extern "C" __global__ void __launch_bounds__(256)
group_norm_parameter_gradients(const double* __restrict__ sums,  // (2, splits, C)
                               float* __restrict__ gweight,      // (C)
                               float* __restrict__ gbias,        // (C)
                               Long C, Long splits)
{
    GRID_STRIDE(c, C) {
        double one = 0.0, two = 0.0;
        for (Long k = 0; k < splits; k++) {
            one += sums[k * C + c];
            two += sums[(splits + k) * C + c];
        }
        gbias[c] = (float)one;
        gweight[c] = (float)two;
    }
}
