// Sums and means over some axes (ops/reduce/sum.py, mean.py).
//
// Shapes: x (A, P, B, R) → y (P, R), added up over A and B; so the reduced axes may lie outside,
// inside, in between, or on both sides of the channels. Bytes: 4 for each value of x. FLOPs: 1.
//
// Blocks add up shares of an output's values, then one thread adds up the blocks' results: always
// in one order, without atomics. A thread adds up RUN values in float before it goes on in double.

#include "../common.cuh"

#define RUN 32

__device__ __forceinline__ double sum_of(double a, double b) { return a + b; }

// Σ f(k) over k = first, first + step, … below end.
template <typename F>
__device__ __forceinline__ double add_runs(Long first, Long end, Long step, F f) {
    double total = 0.0;
    for (Long begin = first; begin < end; begin += RUN * step) {
        float part = 0.0f;
        Long stop = min(begin + RUN * step, end);
        for (Long k = begin; k < stop; k += step) part += f(k);
        total += part;
    }
    return total;
}

// R = 1. Output p → the threads with one threadIdx.y, lanes → neighbouring values; blockIdx.y → a,
// in turn. The last of all runs of B values may be shorter: n is the size of x.
extern "C" __global__ void __launch_bounds__(512)
sum_rows(const float* __restrict__ x,  // (n)
         double* __restrict__ sums,    // (splits, P)
         Long n, Long A, Long P, Long B, Long splits)
{
    __shared__ double parts[32 * 8];
    Long step = (Long)gridDim.x * blockDim.y;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < P; first += step) {
        Long p = first + threadIdx.y;
        double total = 0.0;
        for (Long a = blockIdx.y; a < A && p < P; a += splits) {
            Long start = (a * P + p) * B;
            total += add_runs(threadIdx.x, min(B, n - start), blockDim.x,
                              [=](Long b) { return x[start + b]; });
        }
        total = block_sum(total, parts);
        if (threadIdx.x == 0 && p < P) sums[blockIdx.y * P + p] = total;
    }
}

// Output i = (p, r) → the threads with one threadIdx.x, so that neighbours read neighbouring
// values; threads along y and blockIdx.y → its values (a, b), in turn.
extern "C" __global__ void __launch_bounds__(256)
sum_columns(const float* __restrict__ x,  // (A, P, B, R)
            double* __restrict__ sums,    // (splits, P, R)
            Long A, Long P, Long B, Long R, Long splits)
{
    __shared__ double parts[256];
    Long begin = (Long)blockIdx.y * blockDim.y + threadIdx.y, outputs = P * R;
    Long step = (Long)gridDim.x * blockDim.x;
    for (Long first = (Long)blockIdx.x * blockDim.x; first < outputs; first += step) {
        Long i = first + threadIdx.x, p = i / R, r = i % R, end = i < outputs ? A * B : 0;
        double total = add_runs(begin, end, splits * blockDim.y, [=](Long k) {
            Long a = A == 1 ? 0 : k / B, b = k - a * B;
            return x[((a * P + p) * B + b) * R + r];
        });
        total = block_column(total, parts, sum_of);
        if (threadIdx.y == 0 && i < outputs) sums[blockIdx.y * outputs + i] = total;
    }
}

// Thread → output. divisor: 1, or how many values make one mean.
extern "C" __global__ void __launch_bounds__(256)
sum_parts(const double* __restrict__ sums,  // (splits, outputs)
          float* __restrict__ y,            // (outputs)
          Long outputs, Long splits, double divisor)
{
    GRID_STRIDE(i, outputs) {
        double total = 0.0;
        for (Long k = 0; k < splits; k++) total += sums[k * outputs + i];
        y[i] = (float)(total / divisor);
    }
}
