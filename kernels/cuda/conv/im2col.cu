// im2col and its adjoint col2im (ops/conv/im2col.py has the equations).
//
// A convolution as one product of matrices needs every window of the image as a column. im2col
// copies the windows out; col2im adds the copies of a pixel up again, which is the gradient.
//
// Shapes: x (N·C, H, W) ↔ cols (N·C, KH·KW, OH·OW). A plane is one channel of one image,
// and has fewer than 2³¹ pixels and windows, so that its divisions are of 32 bits.
// Bytes, 3 × 3 with stride 1: im2col reads 4 and writes 36 for each pixel, col2im the reverse.
// FLOPs: none (im2col), 9 additions for each pixel (col2im): both wait for memory alone.

#include "../common.cuh"

// Thread (blockIdx.x, threadIdx.x) → one window (p, q); blockIdx.y → planes, in turn. It copies the
// KH·KW elements of its window: neighbours in a warp have neighbouring windows, so that each of the
// KH·KW writes of a warp is one run of memory, and the reads overlap in the cache.
extern "C" __global__ void __launch_bounds__(256)
im2col(const float* __restrict__ x,  // (planes, H, W)
       float* __restrict__ cols,     // (planes, KH, KW, OH, OW)
       Long planes, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
       int DH, int DW, int OH, int OW)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(window, windows) {
        int p = (int)window / OW, q = (int)window % OW;
        int top = p * SH - PH, left = q * SW - PW;
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            const float* image = x + plane * pixels;
            float* column = cols + plane * KH * KW * windows + window;
            for (int i = 0; i < KH; i++) {
                int h = top + i * DH;
                for (int j = 0; j < KW; j++) {
                    int w = left + j * DW;
                    bool inside = h >= 0 && h < H && w >= 0 && w < W;
                    *column = inside ? image[(Long)h * W + w] : 0.0f;
                    column += windows;
                }
            }
        }
    }
}

// Thread (blockIdx.x, threadIdx.x) → one pixel (h, w) of x; blockIdx.y → planes, in turn.
// A gather: the thread looks for the windows that its pixel lies in, and adds up what they hold. No
// two threads write to one place, so there are no atomics, and the order of the sum is fixed.
extern "C" __global__ void __launch_bounds__(256)
col2im(const float* __restrict__ cols,  // (planes, KH, KW, OH, OW)
       float* __restrict__ x,           // (planes, H, W)
       Long planes, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
       int DH, int DW, int OH, int OW)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(pixel, pixels) {
        int h = (int)pixel / W + PH, w = (int)pixel % W + PW;  // with the padding before it
        int first_p = max(ceil_div(h - (KH - 1) * DH, SH), 0), last_p = min(h / SH, OH - 1);
        int first_q = max(ceil_div(w - (KW - 1) * DW, SW), 0), last_q = min(w / SW, OW - 1);
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            const float* columns = cols + plane * KH * KW * windows;
            float sum = 0.0f;
            for (int p = first_p; p <= last_p; p++) {
                int i = (h - p * SH) / DH;  // the row of window p that lies here
                if (i * DH != h - p * SH) continue;  // none does: dilation leaves gaps
                for (int q = first_q; q <= last_q; q++) {
                    int j = (w - q * SW) / DW;
                    if (j * DW != w - q * SW) continue;
                    sum += columns[(Long)(i * KW + j) * windows + p * OW + q];
                }
            }
            x[plane * pixels + pixel] = sum;
        }
    }
}
