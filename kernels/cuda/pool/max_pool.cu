// Max-pool (ops/pool/max_pool.py has the equations and the rules for ties and NaN).
//
// Shapes: x (planes, H, W) → y, indices (planes, OH, OW); a plane is one channel of one image, and
// has fewer than 2³¹ pixels and windows, so that its divisions are of 32 bits.
// Bytes, 3 × 3 with stride 2: forward reads 4 for each pixel and writes 12 for each window, that is
// 3 for each pixel (the winner's place is an int64); backward the reverse. FLOPs: 9 comparisons for
// each window. Memory decides.

#include "../common.cuh"

// Thread (blockIdx.x, threadIdx.x) → one window (p, q); blockIdx.y → planes, in turn.
// The best starts at −inf and at the window's first pixel, which so wins where all are −inf.
extern "C" __global__ void __launch_bounds__(256)
max_pool_forward(const float* __restrict__ x,  // (planes, H, W)
                 float* __restrict__ y,        // (planes, OH, OW)
                 Long* __restrict__ indices,   // (planes, OH, OW)
                 Long planes, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
                 int DH, int DW, int OH, int OW)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(window, windows) {
        int p = (int)window / OW, q = (int)window % OW;
        int top = p * SH - PH, left = q * SW - PW;
        int bottom = min(top + (KH - 1) * DH + 1, H), right = min(left + (KW - 1) * DW + 1, W);
        if (top < 0) top += ceil_div(-top, DH) * DH;  // the first row that lies in the image
        if (left < 0) left += ceil_div(-left, DW) * DW;
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            const float* image = x + plane * pixels;
            float best = -infinity();
            Long winner = (Long)top * W + left;
            for (int h = top; h < bottom; h += DH) {
                for (int w = left; w < right; w += DW) {
                    Long place = (Long)h * W + w;
                    float value = image[place];
                    if (beats(value, best)) {
                        best = value;
                        winner = place;
                    }
                }
            }
            y[plane * windows + window] = best;
            indices[plane * windows + window] = winner;
        }
    }
}

// Thread (blockIdx.x, threadIdx.x) → one pixel (h, w) of gx; blockIdx.y → planes, in turn.
// A gather: the thread asks every window that its pixel lies in if the pixel won. The usual way
// round, each window adding to its winner, needs atomics, whose order changes from run to run.
extern "C" __global__ void __launch_bounds__(256)
max_pool_backward(const float* __restrict__ gy,      // (planes, OH, OW)
                  const Long* __restrict__ indices,  // (planes, OH, OW)
                  float* __restrict__ gx,            // (planes, H, W)
                  Long planes, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
                  int DH, int DW, int OH, int OW)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(pixel, pixels) {
        int h = (int)pixel / W + PH, w = (int)pixel % W + PW;  // with the padding before it
        int first_p = max(ceil_div(h - (KH - 1) * DH, SH), 0), last_p = min(h / SH, OH - 1);
        int first_q = max(ceil_div(w - (KW - 1) * DW, SW), 0), last_q = min(w / SW, OW - 1);
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sum = 0.0f;
            for (int p = first_p; p <= last_p; p++) {
                for (int q = first_q; q <= last_q; q++) {
                    Long window = plane * windows + (Long)p * OW + q;
                    if (indices[window] == pixel) sum += gy[window];
                }
            }
            gx[plane * pixels + pixel] = sum;
        }
    }
}
