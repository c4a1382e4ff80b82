// Softmax and log-softmax along one axis (ops/activation/softmax.py and log_softmax.py):
//
//     y_k = e^(x_k − m) / t,         gx_k = y_k (gy_k − Σ_j gy_j y_j)      softmax
//     y_k = (x_k − m) − log t,       gx_k = gy_k − e^(y_k) Σ_j gy_j        its logarithm
//     m = max_j x_j,   t = Σ_j e^(x_j − m)
//
// Shapes: x, y, gy, gx (P, K, R): lines of K values, R lines side by side. logarithm: which of the
// two. Bytes: 8 for each value, backward 12: a line is read once and then kept in registers, or
// stays in the caches. FLOPs: an exponential and 4 additions for each value, a second exponential
// where it is not kept; backward one and 3.
//
// Some threads share a line, and each of them has `count` of its values, `hop` apart in memory.
// A line with NaN, with +∞ or of nothing but −∞ is NaN, for ∞ − ∞ is NaN.

#include "../common.cuh"

// What a line's sum t is to each of its values: they are divided by t, or log t is taken off.
__device__ __forceinline__ float scale_of(float total, bool logarithm) {
    return logarithm ? logf(total) : 1.0f / total;
}

__device__ __forceinline__ float result_of(float d, float scale, bool logarithm) {
    return logarithm ? d - scale : expf(d) * scale;
}

__device__ __forceinline__ float term_of(float g, float y, bool logarithm) {
    return logarithm ? g : g * y;
}

__device__ __forceinline__ float slope_of(float g, float y, float total, bool logarithm) {
    return logarithm ? g - expf(y) * total : y * (g - total);
}

__device__ __forceinline__ float sum_of(float a, float b) { return a + b; }

#define EACH 16  // values that a thread keeps, where the lines are short enough
#define LOADS 4  // of a longer line: on their way before the first of them is used

// use(j) for each of the values that a thread keeps. Unrolled: registers are not found by a number.
template <typename Use> __device__ __forceinline__ void each(Long count, Use use) {
#pragma unroll
    for (int j = 0; j < EACH; j++) {
        if (j >= (int)count) break;
        use(j);
    }
}

// use(load(place), place) for each value of a longer line, in this order.
template <typename Load, typename Use>
__device__ __forceinline__ void in_turn(Long count, Long hop, Load load, Use use) {
    for (Long place = 0; count > 0; count -= LOADS, place += LOADS * hop) {
        decltype(load(place)) values[LOADS] = {};
#pragma unroll
        for (int j = 0; j < LOADS; j++)
            if (j < count) values[j] = load(place + j * hop);
#pragma unroll
        for (int j = 0; j < LOADS; j++)
            if (j < count) use(values[j], place + j * hop);
    }
}

// x, y: a thread's first value. largest, sum: fold a number over the threads of a line.
template <typename Max, typename Sum>
__device__ __forceinline__ void
softmax_kept(const float* __restrict__ x, float* __restrict__ y, Long count, Long hop,
             bool logarithm, Max largest, Sum sum)
{
    float v[EACH], top = -infinity(), total = 0.0f;
    each(count, [&](int j) { v[j] = *x, x += hop; });
    each(count, [&](int j) { top = larger(v[j], top); });
    top = largest(top);
    each(count, [&](int j) {
        float d = v[j] - top, power = expf(d);
        v[j] = logarithm ? d : power;
        total += power;
    });
    float scale = scale_of(sum(total), logarithm);
    each(count, [&](int j) { *y = logarithm ? v[j] - scale : v[j] * scale, y += hop; });
}

// The same for longer lines.
template <typename Max, typename Sum>
__device__ __forceinline__ void
softmax_long(const float* __restrict__ x, float* __restrict__ y, Long count, Long hop,
             bool logarithm, Max largest, Sum sum)
{
    float top = -infinity(), total = 0.0f;
    auto load = [=](Long place) { return x[place]; };
    in_turn(count, hop, load, [&](float v, Long) { top = larger(v, top); });
    top = largest(top);
    in_turn(count, hop, load, [&](float v, Long) { total += expf(v - top); });
    float scale = scale_of(sum(total), logarithm);
    in_turn(count, hop, load,
            [&](float v, Long place) { y[place] = result_of(v - top, scale, logarithm); });
}

// gy, y, gx: a thread's first values.
template <typename Sum>
__device__ __forceinline__ void
slopes_kept(const float* __restrict__ gy, const float* __restrict__ y, float* __restrict__ gx,
            Long count, Long hop, bool logarithm, Sum sum)
{
    float g[EACH], v[EACH], total = 0.0f;
    each(count, [&](int j) { g[j] = *gy, v[j] = *y, gy += hop, y += hop; });
    each(count, [&](int j) { total += term_of(g[j], v[j], logarithm); });
    total = sum(total);
    each(count, [&](int j) { *gx = slope_of(g[j], v[j], total, logarithm), gx += hop; });
}

struct Pair { float g, y; };

// The same for longer lines.
template <typename Sum>
__device__ __forceinline__ void
slopes_long(const float* __restrict__ gy, const float* __restrict__ y, float* __restrict__ gx,
            Long count, Long hop, bool logarithm, Sum sum)
{
    float total = 0.0f;
    auto load = [=](Long place) { return Pair{gy[place], y[place]}; };
    in_turn(count, hop, load, [&](Pair v, Long) { total += term_of(v.g, v.y, logarithm); });
    total = sum(total);
    in_turn(count, hop, load,
            [&](Pair v, Long place) { gx[place] = slope_of(v.g, v.y, total, logarithm); });
}

// R = 1. Row p → the threads with one threadIdx.y; lanes → neighbouring values. Rows beyond the
// last have no values: their threads come to the barriers.
extern "C" __global__ void __launch_bounds__(512)
softmax_rows(const float* __restrict__ x,  // (P, K)
             float* __restrict__ y,        // (P, K)
             Long P, Long K, bool logarithm)
{
    __shared__ float parts[32 * 8];
    auto largest = [&](float v) { return block_max(v, parts); };
    auto sum = [&](float v) { return block_sum(v, parts); };
    Long own = (K + blockDim.x - 1 - threadIdx.x) / blockDim.x, hop = blockDim.x;
    Long step = (Long)gridDim.x * blockDim.y;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < P; first += step) {
        Long p = first + threadIdx.y, at = p * K + threadIdx.x, count = p < P ? own : 0;
        if (K <= EACH * hop) softmax_kept(x + at, y + at, count, hop, logarithm, largest, sum);
        else softmax_long(x + at, y + at, count, hop, logarithm, largest, sum);
    }
}

// As softmax_rows.
extern "C" __global__ void __launch_bounds__(512)
softmax_rows_backward(const float* __restrict__ gy,  // (P, K)
                      const float* __restrict__ y,   // (P, K)
                      float* __restrict__ gx,        // (P, K)
                      Long P, Long K, bool logarithm)
{
    __shared__ float parts[32 * 8];
    auto sum = [&](float v) { return block_sum(v, parts); };
    Long own = (K + blockDim.x - 1 - threadIdx.x) / blockDim.x, hop = blockDim.x;
    Long step = (Long)gridDim.x * blockDim.y;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < P; first += step) {
        Long p = first + threadIdx.y, at = p * K + threadIdx.x, count = p < P ? own : 0;
        if (K <= EACH * hop) slopes_kept(gy + at, y + at, gx + at, count, hop, logarithm, sum);
        else slopes_long(gy + at, y + at, gx + at, count, hop, logarithm, sum);
    }
}

// Line i → the threads with one threadIdx.x, so that neighbours read neighbouring lines; threads
// along y → its values in turn.
extern "C" __global__ void __launch_bounds__(256)
softmax_lines(const float* __restrict__ x,  // (P, K, R)
              float* __restrict__ y,        // (P, K, R)
              Long P, Long K, Long R, bool logarithm)
{
    __shared__ float parts[256];
    auto largest = [&](float v) { return block_column(v, parts, larger); };
    auto sum = [&](float v) { return block_column(v, parts, sum_of); };
    Long own = (K + blockDim.y - 1 - threadIdx.y) / blockDim.y, hop = blockDim.y * R;
    Long step = (Long)gridDim.x * blockDim.x;
    for (Long first = (Long)blockIdx.x * blockDim.x; first < P * R; first += step) {
        Long i = first + threadIdx.x, count = i < P * R ? own : 0;
        Long at = (i / R * K + threadIdx.y) * R + i % R;
        if (K <= EACH * blockDim.y)
            softmax_kept(x + at, y + at, count, hop, logarithm, largest, sum);
        else softmax_long(x + at, y + at, count, hop, logarithm, largest, sum);
    }
}

// As softmax_lines.
extern "C" __global__ void __launch_bounds__(256)
softmax_lines_backward(const float* __restrict__ gy,  // (P, K, R)
                       const float* __restrict__ y,   // (P, K, R)
                       float* __restrict__ gx,        // (P, K, R)
                       Long P, Long K, Long R, bool logarithm)
{
    __shared__ float parts[256];
    auto sum = [&](float v) { return block_column(v, parts, sum_of); };
    Long own = (K + blockDim.y - 1 - threadIdx.y) / blockDim.y, hop = blockDim.y * R;
    Long step = (Long)gridDim.x * blockDim.x;
    for (Long first = (Long)blockIdx.x * blockDim.x; first < P * R; first += step) {
        Long i = first + threadIdx.x, count = i < P * R ? own : 0;
        Long at = (i / R * K + threadIdx.y) * R + i % R;
        if (K <= EACH * blockDim.y)
            slopes_kept(gy + at, y + at, gx + at, count, hop, logarithm, sum);
        else slopes_long(gy + at, y + at, gx + at, count, hop, logarithm, sum);
    }
}
