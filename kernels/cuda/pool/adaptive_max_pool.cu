// Adaptive max-pool (ops/pool/adaptive_max_pool.py has the equations). Ties, NaN as in max_pool.cu.
// Window p of OH holds the rows ⌊p H / OH⌋ … ⌈(p + 1) H / OH⌉ − 1, and columns alike.
//
// Shapes: x (planes, H, W) → y, indices (planes, OH, OW); a plane has fewer than 2³¹ pixels and
// windows, so that its divisions are of 32 bits.
// Bytes: forward 4 for each pixel and 12 for each window; backward the reverse. FLOPs: a comparison
// for each pixel of a window. Memory decides.

#include "../common.cuh"

// Window p's first row (or column) of S among O, and the one behind its last.
__device__ __forceinline__ int begin_of(int p, int S, int O) { return (int)((Long)p * S / O); }

__device__ __forceinline__ int end_of(int p, int S, int O) {
    return (int)((((Long)p + 1) * S + O - 1) / O);
}

// Thread (blockIdx.x, threadIdx.x) → one window (p, q); blockIdx.y → planes, in turn.
extern "C" __global__ void __launch_bounds__(256)
adaptive_max_pool_forward(const float* __restrict__ x,  // (planes, H, W)
                          float* __restrict__ y,        // (planes, OH, OW)
                          Long* __restrict__ indices,   // (planes, OH, OW)
                          Long planes, int H, int W, int OH, int OW)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(window, windows) {
        int p = (int)window / OW, q = (int)window % OW;
        int top = begin_of(p, H, OH), bottom = end_of(p, H, OH);
        int left = begin_of(q, W, OW), right = end_of(q, W, OW);
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            const float* image = x + plane * pixels;
            float best = -infinity();
            int winner = top * W + left;
            for (int h = top; h < bottom; h++) {
                for (int w = left; w < right; w++) {
                    float value = image[h * W + w];
                    if (beats(value, best)) {
                        best = value;
                        winner = h * W + w;
                    }
                }
            }
            y[plane * windows + window] = best;
            indices[plane * windows + window] = winner;
        }
    }
}

// Thread (blockIdx.x, threadIdx.x) → one pixel (h, w) of gx; blockIdx.y → planes, in turn.
// A gather: the thread asks every window that its pixel lies in if the pixel won. Turned round, the
// formula of the windows is that of the pixels: row h lies in ⌊h OH / H⌋ … ⌈(h + 1) OH / H⌉ − 1.
extern "C" __global__ void __launch_bounds__(256)
adaptive_max_pool_backward(const float* __restrict__ gy,      // (planes, OH, OW)
                           const Long* __restrict__ indices,  // (planes, OH, OW)
                           float* __restrict__ gx,            // (planes, H, W)
                           Long planes, int H, int W, int OH, int OW)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(pixel, pixels) {
        int h = (int)pixel / W, w = (int)pixel % W;
        int top = begin_of(h, OH, H), bottom = end_of(h, OH, H);
        int left = begin_of(w, OW, W), right = end_of(w, OW, W);
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sum = 0.0f;
            for (int p = top; p < bottom; p++) {
                for (int q = left; q < right; q++) {
                    Long window = plane * windows + p * OW + q;
                    if (indices[window] == pixel) sum += gy[window];
                }
            }
            gx[plane * pixels + pixel] = sum;
        }
    }
}
