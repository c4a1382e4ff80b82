// Average pooling and adaptive average pooling (ops/pool/avg_pool.py and adaptive_avg_pool.py have
// the equations). The two differ in where their windows lie, and tables say that: the rows and the
// columns of each window, and, for the gradient, the windows of each row and each column.
//
// Shapes: x (planes, H, W) → y (planes, OH, OW); a plane has fewer than 2³¹ pixels and windows, so
// that its divisions are of 32 bits.
// Bytes: 4 for each pixel and 4 for each window, either way: what windows share comes from the
// cache, as do the tables. FLOPs: an addition for each pixel of a window and a division for each
// window; backward both for each. Memory decides.

#include "../common.cuh"

// Thread (blockIdx.x, threadIdx.x) → one window (p, q); blockIdx.y → planes, in turn.
extern "C" __global__ void __launch_bounds__(256)
window_means(const float* __restrict__ x,         // (planes, H, W)
             const int* __restrict__ rows,        // (OH, 2): the first row, one behind the last
             const int* __restrict__ columns,     // (OW, 2)
             const float* __restrict__ divisors,  // (OH, OW) or null: then there is one for all
             float* __restrict__ y,               // (planes, OH, OW)
             Long planes, int H, int W, int OH, int OW, float divisor)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(window, windows) {
        int p = (int)window / OW, q = (int)window % OW;
        int top = rows[2 * p], bottom = rows[2 * p + 1];
        int left = columns[2 * q], right = columns[2 * q + 1];
        float count = divisors ? divisors[window] : divisor;
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sum = 0.0f;
            for (int h = top; h < bottom; h++) {
                const float* row = x + plane * pixels + (Long)h * W;
                float line = 0.0f;
                for (int w = left; w < right; w++) line += row[w];
                sum += line;
            }
            y[plane * windows + window] = sum / count;
        }
    }
}

#define PIECE 1024  // consecutive values that a warp adds up in float before it goes on in double

// One window, the whole plane. Warp → a plane, its lanes → neighbouring pixels.
extern "C" __global__ void __launch_bounds__(256)
plane_means(const float* __restrict__ x,  // (planes, pixels)
            float* __restrict__ y,        // (planes)
            Long planes, Long pixels, float divisor)
{
    Long warp = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    Long warps = (Long)gridDim.x * blockDim.x / 32;
    int lane = threadIdx.x % 32;
    for (Long plane = warp; plane < planes; plane += warps) {
        const float* image = x + plane * pixels;
        double sum = 0.0;
        for (Long begin = 0; begin < pixels; begin += PIECE) {
            Long end = min(begin + PIECE, pixels);
            float part = 0.0f;
            for (Long i = begin + lane; i < end; i += 32) part += image[i];
            sum += part;
        }
        sum = warp_sum(sum);
        if (lane == 0) y[plane] = (float)(sum / divisor);
    }
}

// Rows of pixels below each other that a thread of the gradient has: what they share of a window is
// divided once.
#define BAND 4

// Thread (blockIdx.x, threadIdx.x) → pixels (h … h + BAND − 1, w) of gx; blockIdx.y → planes, in
// turn. A gather: the thread adds up what each window that a pixel lies in has for a pixel.
extern "C" __global__ void __launch_bounds__(256, 4)
window_means_backward(const float* __restrict__ gy,        // (planes, OH, OW)
                      const int* __restrict__ rows,        // (H, 2): the first window, one too far
                      const int* __restrict__ columns,     // (W, 2)
                      const float* __restrict__ divisors,  // (OH, OW) or null
                      float* __restrict__ gx,              // (planes, H, W)
                      Long planes, int H, int W, int OH, int OW, float divisor)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(place, (Long)ceil_div(H, BAND) * W) {
        int h = (int)place / W * BAND, w = (int)place % W, top[BAND], bottom[BAND];
        #pragma unroll
        for (int b = 0; b < BAND; b++) {
            top[b] = rows[2 * min(h + b, H - 1)];
            bottom[b] = rows[2 * min(h + b, H - 1) + 1];
        }
        int left = columns[2 * w], right = columns[2 * w + 1];
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sums[BAND] = {};
            #pragma unroll 1  // most often a window or two
            for (int p = top[0]; p < bottom[BAND - 1]; p++) {
                #pragma unroll 1
                for (int q = left; q < right; q++) {
                    float count = divisors ? divisors[p * OW + q] : divisor;
                    float share = gy[plane * windows + p * OW + q] / count;
                    #pragma unroll
                    for (int b = 0; b < BAND; b++)
                        if (p >= top[b] && p < bottom[b]) sums[b] += share;
                }
            }
            float* to = gx + plane * pixels + (Long)h * W + w;
            #pragma unroll
            for (int b = 0; b < BAND; b++, to += W)
                if (h + b < H) *to = sums[b];
        }
    }
}
