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

// `beats` for two of which either may come first in the image: of equals the first wins, of NaNs
// the last.
__device__ __forceinline__ bool wins(float value, int place, float best, int winner) {
    if (is_nan(value)) return !is_nan(best) || place > winner;
    return value > best || (value == best && place < winner);
}

// One window, the whole plane. Warp → a plane, its lanes → neighbouring pixels.
extern "C" __global__ void __launch_bounds__(256)
plane_max(const float* __restrict__ x,  // (planes, pixels)
          float* __restrict__ y,        // (planes)
          Long* __restrict__ indices,   // (planes)
          Long planes, Long pixels)
{
    Long warp = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    Long warps = (Long)gridDim.x * blockDim.x / 32;
    int lane = threadIdx.x % 32;
    for (Long plane = warp; plane < planes; plane += warps) {
        const float* image = x + plane * pixels;
        float best = -infinity();
        int winner = 0;
        #pragma unroll 4
        for (Long i = lane; i < pixels; i += 32) {
            float value = image[i];
            if (beats(value, best)) {
                best = value;
                winner = (int)i;
            }
        }
        for (int by = 16; by > 0; by /= 2) {
            float value = __shfl_xor_sync(ALL_LANES, best, by);
            int place = __shfl_xor_sync(ALL_LANES, winner, by);
            if (wins(value, place, best, winner)) {
                best = value;
                winner = place;
            }
        }
        if (lane == 0) {
            y[plane] = best;
            indices[plane] = winner;
        }
    }
}

// Rows of pixels below each other that a thread of the gradient has: their windows are nearly the
// same, and each is loaded once for all of them.
#define BAND 4

// Thread (blockIdx.x, threadIdx.x) → pixels (h … h + BAND − 1, w) of gx; blockIdx.y → planes, in
// turn. A gather: the thread asks every window that its pixels lie in which of them won. Turned
// round, the formula of the windows is that of the pixels: row h lies in windows
// ⌊h OH / H⌋ … ⌈(h + 1) OH / H⌉ − 1.
extern "C" __global__ void __launch_bounds__(256)
adaptive_max_pool_backward(const float* __restrict__ gy,      // (planes, OH, OW)
                           const Long* __restrict__ indices,  // (planes, OH, OW)
                           float* __restrict__ gx,            // (planes, H, W)
                           Long planes, int H, int W, int OH, int OW)
{
    Long pixels = (Long)H * W, windows = (Long)OH * OW;
    GRID_STRIDE(place, (Long)ceil_div(H, BAND) * W) {
        int h = (int)place / W * BAND, w = (int)place % W;
        unsigned pixel = h * W + w;  // rows behind the last may wrap round; nothing is stored there
        int top = begin_of(h, OH, H), bottom = end_of(min(h + BAND, H) - 1, OH, H);
        int left = begin_of(w, OW, W), right = end_of(w, OW, W);
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sums[BAND] = {};
            #pragma unroll 1  // most often a window or two
            for (int p = top; p < bottom; p++) {
                #pragma unroll 1
                for (int q = left; q < right; q++) {
                    Long window = plane * windows + p * OW + q;
                    unsigned winner = (unsigned)indices[window];
                    float given = gy[window];
                    #pragma unroll
                    for (int b = 0; b < BAND; b++)
                        if (winner == pixel + b * (unsigned)W) sums[b] += given;
                }
            }
            float* to = gx + plane * pixels + pixel;
            #pragma unroll
            for (int b = 0; b < BAND; b++, to += W)
                if (h + b < H) *to = sums[b];
        }
    }
}
