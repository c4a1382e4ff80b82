// Resampling (ops/resize/resample.py has the equation, and interpolate is made of it).
//
// An output is a sum over a few rows and a few columns of its image, and a table for each axis says
// which they are and what they weigh. The tables are made on the host, once for each size. The
// gradient is a resampling by the transposed tables: a gather, like all that is here.
//
// Shapes: x (planes, H, W) → y (planes, OH, OW); a plane has fewer than 2³¹ pixels, so that its
// divisions are of 32 bits.
// Bytes: 4 for each pixel of x and 4 for each of y: what is read again comes from the cache, as do
// the tables. FLOPs for each output: 0 (nearest), 6 (linear), 20 (cubic), 2 (T + T²) by lists of T.
// Memory decides, but for long lists.

#include "../common.cuh"

// Thread (blockIdx.x, threadIdx.x) → one output (p, q); blockIdx.y → planes, in turn. Here and in
// all kernels of this file.
extern "C" __global__ void __launch_bounds__(256)
resample_nearest(const float* __restrict__ x,      // (planes, H, W)
                 const int* __restrict__ rows,     // (OH)
                 const int* __restrict__ columns,  // (OW)
                 float* __restrict__ y,            // (planes, OH, OW)
                 Long planes, int H, int W, int OH, int OW)
{
    Long pixels = (Long)H * W, outputs = (Long)OH * OW;
    GRID_STRIDE(o, outputs) {
        Long place = (Long)rows[(int)o / OW] * W + columns[(int)o % OW];
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y)
            y[plane * outputs + o] = x[plane * pixels + place];
    }
}

// T rows and T columns for each output. They stay in registers while the thread goes through its
// planes.
template <int T>
__device__ __forceinline__ void resample_taps(
    const float* x, const int* rows, const float* down, const int* columns, const float* along,
    float* y, Long planes, int H, int W, int OH, int OW)
{
    Long pixels = (Long)H * W, outputs = (Long)OH * OW;
    GRID_STRIDE(o, outputs) {
        int p = (int)o / OW, q = (int)o % OW, row[T], column[T];
        float v[T], w[T];
        for (int t = 0; t < T; t++) {
            row[t] = rows[t * OH + p] * W;
            column[t] = columns[t * OW + q];
            v[t] = down[t * OH + p];
            w[t] = along[t * OW + q];
        }
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            const float* image = x + plane * pixels;
            float sum = 0.0f;
            for (int i = 0; i < T; i++) {
                float line = 0.0f;
                for (int j = 0; j < T; j++) line += w[j] * image[row[i] + column[j]];
                sum += v[i] * line;
            }
            y[plane * outputs + o] = sum;
        }
    }
}

extern "C" __global__ void __launch_bounds__(256)
resample_linear(const float* __restrict__ x,      // (planes, H, W)
                const int* __restrict__ rows,     // (2, OH)
                const float* __restrict__ down,   // (2, OH)
                const int* __restrict__ columns,  // (2, OW)
                const float* __restrict__ along,  // (2, OW)
                float* __restrict__ y,            // (planes, OH, OW)
                Long planes, int H, int W, int OH, int OW)
{
    resample_taps<2>(x, rows, down, columns, along, y, planes, H, W, OH, OW);
}

extern "C" __global__ void __launch_bounds__(256)
resample_cubic(const float* __restrict__ x,      // (planes, H, W)
               const int* __restrict__ rows,     // (4, OH)
               const float* __restrict__ down,   // (4, OH)
               const int* __restrict__ columns,  // (4, OW)
               const float* __restrict__ along,  // (4, OW)
               float* __restrict__ y,            // (planes, OH, OW)
               Long planes, int H, int W, int OH, int OW)
{
    resample_taps<4>(x, rows, down, columns, along, y, planes, H, W, OH, OW);
}

// Any number of rows and columns for each output, none as well: row p's are the terms first_row[p]
// to first_row[p + 1] − 1 of the table. What is not in the table is not looked at, so that a NaN
// there stays out.
extern "C" __global__ void __launch_bounds__(256)
resample_lists(const float* __restrict__ x,           // (planes, H, W)
               const int* __restrict__ first_row,     // (OH + 1)
               const int* __restrict__ rows,          // (terms_down)
               const float* __restrict__ down,        // (terms_down)
               const int* __restrict__ first_column,  // (OW + 1)
               const int* __restrict__ columns,       // (terms_along)
               const float* __restrict__ along,       // (terms_along)
               float* __restrict__ y,                 // (planes, OH, OW)
               Long planes, int H, int W, int OH, int OW, int terms_down, int terms_along)
{
    Long pixels = (Long)H * W, outputs = (Long)OH * OW;
    GRID_STRIDE(o, outputs) {
        int p = (int)o / OW, q = (int)o % OW;
        int top = first_row[p], bottom = first_row[p + 1];
        int left = first_column[q], right = first_column[q + 1];
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sum = 0.0f;
            for (int i = top; i < bottom; i++) {
                const float* row = x + plane * pixels + (Long)rows[i] * W;
                float line = 0.0f;
                for (int j = left; j < right; j++) line += along[j] * row[columns[j]];
                sum += down[i] * line;
            }
            y[plane * outputs + o] = sum;
        }
    }
}
