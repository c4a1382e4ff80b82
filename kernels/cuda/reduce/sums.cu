// Sums and means over some axes (ops/reduce/sum.py, mean.py).
//
// Shapes: x (A, P, B, R) → y (P, R), added up over A and B; so the reduced axes may lie outside,
// inside, in between, or on both sides of the channels. Bytes: 4 for each value of x. FLOPs: 1.
//
// Blocks add up shares of an output's values, then one thread adds up the blocks' results: always
// in one order, without atomics. A thread adds up RUN values in float before it goes on in double.

#include "../common.cuh"

#define RUN 32
#define LOADS 8  // of a run: all of them are on their way before the first is added

__device__ __forceinline__ double sum_of(double a, double b) { return a + b; }

// Σ of the values at 0, step, 2 step, … below length. next(there): the next of them, and one place
// on; 0, which changes no sum, where it is not there.
template <typename F>
__device__ __forceinline__ double add_runs(Long length, int step, F next) {
    double total = 0.0;
    for (; length > 0; length -= RUN * step) {
        float part = 0.0f;
        for (int left = (int)min(length, (Long)(RUN * step)); left > 0; left -= LOADS * step) {
            float values[LOADS];
#pragma unroll
            for (int k = 0; k < LOADS; k++) values[k] = next(left > k * step);
#pragma unroll
            for (int k = 0; k < LOADS; k++) part += values[k];
        }
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
            const float* at = x + start + threadIdx.x;
            total += add_runs(min(B, n - start) - threadIdx.x, blockDim.x, [&](bool there) {
                float value = there ? *at : 0.0f;
                at += blockDim.x;
                return value;
            });
        }
        total = block_sum(total, parts);
        if (threadIdx.x == 0 && p < P) sums[blockIdx.y * P + p] = total;
    }
}

// Output i = (p, r) → the threads with one threadIdx.x, so that neighbours read neighbouring
// values; threads along y and blockIdx.y → its values k = a B + b, in turn.
extern "C" __global__ void __launch_bounds__(256)
sum_columns(const float* __restrict__ x,  // (A, P, B, R)
            double* __restrict__ sums,    // (splits, P, R)
            Long A, Long P, Long B, Long R, Long splits)
{
    __shared__ double parts[256];
    Long begin = (Long)blockIdx.y * blockDim.y + threadIdx.y, outputs = P * R;
    // From one of its values to the next: so many b on, and where b gets beyond B, one a on.
    int turn = (int)splits * blockDim.y;
    Long more = A == 1 ? turn : turn % B, ahead = ((turn - more) * P + more) * R;
    Long step = (Long)gridDim.x * blockDim.x;
    for (Long first = (Long)blockIdx.x * blockDim.x; first < outputs; first += step) {
        Long i = first + threadIdx.x, p = i / R, r = i % R;
        Long a = A == 1 ? 0 : begin / B, b = begin - a * B;
        const float* at = x + ((a * P + p) * B + b) * R + r;
        double total = add_runs(i < outputs ? A * B - begin : 0, turn, [&](bool there) {
            float value = there ? *at : 0.0f;
            at += ahead;
            b += more;
            if (b >= B && A > 1) b -= B, at += (P - 1) * B * R;
            return value;
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
