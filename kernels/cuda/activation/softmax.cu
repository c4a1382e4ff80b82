// Softmax and log-softmax along one axis (ops/activation/softmax.py and log_softmax.py):
//
//     y_k = e^(x_k − m) / t,         gx_k = y_k (gy_k − Σ_j gy_j y_j)      softmax
//     y_k = (x_k − m) − log t,       gx_k = gy_k − e^(y_k) Σ_j gy_j        its logarithm
//     m = max_j x_j,   t = Σ_j e^(x_j − m)
//
// Shapes: x, y, gy, gx (P, K, R): lines of K values, R lines side by side. logarithm: which of the
// two. Bytes: 8 for each value, backward 12: a line is read once and then kept in shared memory, or
// stays in the caches. FLOPs: two exponentials and 4 additions for each value; backward one and 3.
//
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

// R = 1. Row p → the threads with one threadIdx.y; lanes → neighbouring values. A thread reads its
// values from x once, where there is shared memory for them (`kept`), and then its own copies, so
// that nobody has to wait. Rows beyond the last have no values: their threads come to the barriers.
extern "C" __global__ void __launch_bounds__(512)
softmax_rows(const float* __restrict__ x,  // (P, K)
             float* __restrict__ y,        // (P, K)
             Long P, Long K, bool logarithm, bool kept)
{
    __shared__ float parts[32 * 8];
    DYN_SHARED(float, copies);  // (blockDim.y, K) where they are kept
    Long step = (Long)gridDim.x * blockDim.y;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < P; first += step) {
        Long p = first + threadIdx.y, end = p < P ? K : 0;
        const float* row = x + p * K;
        float* copy = copies + threadIdx.y * K;
        float top = -infinity(), total = 0.0f;
        for (Long k = threadIdx.x; k < end; k += blockDim.x) {
            float value = row[k];
            if (kept) copy[k] = value;
            top = larger(value, top);
        }
        top = block_max(top, parts);
        if (kept) row = copy;
        for (Long k = threadIdx.x; k < end; k += blockDim.x) total += expf(row[k] - top);
        float scale = scale_of(block_sum(total, parts), logarithm);
        for (Long k = threadIdx.x; k < end; k += blockDim.x)
            y[p * K + k] = result_of(row[k] - top, scale, logarithm);
    }
}

// As softmax_rows; two values of each place are kept.
extern "C" __global__ void __launch_bounds__(512)
softmax_rows_backward(const float* __restrict__ gy,  // (P, K)
                      const float* __restrict__ y,   // (P, K)
                      float* __restrict__ gx,        // (P, K)
                      Long P, Long K, bool logarithm, bool kept)
{
    __shared__ float parts[32 * 8];
    DYN_SHARED(float, copies);  // (blockDim.y, 2, K) where they are kept
    Long step = (Long)gridDim.x * blockDim.y;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < P; first += step) {
        Long p = first + threadIdx.y, end = p < P ? K : 0;
        const float *g = gy + p * K, *value = y + p * K;
        float *copy = copies + threadIdx.y * 2 * K, total = 0.0f;
        for (Long k = threadIdx.x; k < end; k += blockDim.x) {
            float a = g[k], b = value[k];
            if (kept) copy[k] = a, copy[K + k] = b;
            total += term_of(a, b, logarithm);
        }
        total = block_sum(total, parts);
        if (kept) g = copy, value = copy + K;
        for (Long k = threadIdx.x; k < end; k += blockDim.x)
            gx[p * K + k] = slope_of(g[k], value[k], total, logarithm);
    }
}

// Line i → the threads with one threadIdx.x, so that neighbours read neighbouring lines; threads
// along y → its values in turn, where there are few lines or long ones.
extern "C" __global__ void __launch_bounds__(256)
softmax_lines(const float* __restrict__ x,  // (P, K, R)
              float* __restrict__ y,        // (P, K, R)
              Long P, Long K, Long R, bool logarithm)
{
    __shared__ float parts[256];
    Long step = (Long)gridDim.x * blockDim.x;
    for (Long first = (Long)blockIdx.x * blockDim.x; first < P * R; first += step) {
        Long i = first + threadIdx.x, end = i < P * R ? K : 0;
        Long start = i / R * K * R + i % R;
        float top = -infinity(), total = 0.0f;
        for (Long k = threadIdx.y; k < end; k += blockDim.y) top = larger(x[start + k * R], top);
        top = block_column(top, parts, larger);
        for (Long k = threadIdx.y; k < end; k += blockDim.y) total += expf(x[start + k * R] - top);
        float scale = scale_of(block_column(total, parts, sum_of), logarithm);
        for (Long k = threadIdx.y; k < end; k += blockDim.y)
            y[start + k * R] = result_of(x[start + k * R] - top, scale, logarithm);
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
    Long step = (Long)gridDim.x * blockDim.x;
    for (Long first = (Long)blockIdx.x * blockDim.x; first < P * R; first += step) {
        Long i = first + threadIdx.x, end = i < P * R ? K : 0;
        Long start = i / R * K * R + i % R;
        float total = 0.0f;
        for (Long k = threadIdx.y; k < end; k += blockDim.y)
            total += term_of(gy[start + k * R], y[start + k * R], logarithm);
        total = block_column(total, parts, sum_of);
        for (Long k = threadIdx.y; k < end; k += blockDim.y) {
            Long place = start + k * R;
            gx[place] = slope_of(gy[place], y[place], total, logarithm);
        }
    }
}
