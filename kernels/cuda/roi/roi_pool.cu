// RoI pooling (ops/roi/roi_pool.py has the equations and the rules for rounding, ties and NaN).
//
// Shapes: x (N, C, H, W), boxes (R, 4), index (R): each box's image → y and indices (R, C, OH, OW).
// spans (R, OH + OW, 2): where each row of bins, then each column of bins, begins and ends.
// Bytes: forward 4 for each pixel of a bin (those of overlapping boxes come from the cache) and 8
// for each bin; backward 4 for each pixel of gx and 8 for each bin. FLOPs: a comparison for each
// pixel of a bin; backward an addition for each bin. Memory decides, and how boxes overlap.

#include "../common.cuh"

// The nearest whole number, halves away from 0.
__device__ __forceinline__ float rounded(float v) {
    float below = truncf(v);
    if (fabsf(v - below) < 0.5f) return below;
    return below + (v > 0.0f ? 1.0f : -1.0f);
}

__device__ __forceinline__ int clipped(float v, int size) {
    return (int)(v > 0.0f ? (v < (float)size ? v : (float)size) : 0.0f);  // NaN: 0
}

// Thread → one row of bins, or one column of bins, of one box. Without a pixel its two ends are the
// same number. Products are rounded before they are added to (__fmul_rn), as on the CPU.
extern "C" __global__ void __launch_bounds__(256)
roi_pool_spans(const float* __restrict__ boxes,  // (R, 4)
               int* __restrict__ spans,          // (R, OH + OW, 2)
               Long R, int H, int W, int OH, int OW, float scale)
{
    GRID_STRIDE(k, R * (OH + OW)) {
        Long r = k / (OH + OW);
        int p = (int)(k - r * (OH + OW));
        bool down = p < OH;
        int size = down ? H : W, bins = down ? OH : OW;
        float low = __fmul_rn(boxes[4 * r + down], scale);
        float high = __fmul_rn(boxes[4 * r + 2 + down], scale);
        bool real = is_finite(low) && is_finite(high);
        float start = rounded(low), extent = rounded(high) - start + 1.0f;
        float width = (extent > 1.0f ? extent : 1.0f) / (float)bins, number = down ? p : p - OH;
        float begin = floorf(__fmul_rn(number, width)) + start;
        float end = ceilf(__fmul_rn(number + 1.0f, width)) + start;
        spans[2 * k] = real ? clipped(begin, size) : 0;
        spans[2 * k + 1] = real ? clipped(end, size) : 0;
    }
}

// Thread → one bin of one channel of one box. The best starts at −inf and at the bin's first pixel,
// which so wins where all are −inf.
extern "C" __global__ void __launch_bounds__(256)
roi_pool_forward(const float* __restrict__ x,     // (N, C, H, W)
                 const Long* __restrict__ index,  // (R)
                 const int* __restrict__ spans,   // (R, OH + OW, 2)
                 float* __restrict__ y,           // (R, C, OH, OW)
                 int* __restrict__ indices,       // (R, C, OH, OW)
                 Long N, Long R, Long C, int H, int W, int OH, int OW)
{
    Long bins = (Long)OH * OW;
    GRID_STRIDE(k, R * C * bins) {
        Long plane = k / bins, r = plane / C;
        int bin = (int)(k - plane * bins), p = bin / OW, q = bin % OW;
        const int* rows = spans + 2 * (r * (OH + OW) + p);
        const int* columns = spans + 2 * (r * (OH + OW) + OH + q);
        int top = rows[0], bottom = rows[1], left = columns[0], right = columns[1];
        const float* image = x + (index[r] * C + plane - r * C) * H * W;
        bool empty = top >= bottom || left >= right;
        float best = empty ? 0.0f : -infinity();
        int winner = empty ? -1 : top * W + left;
        for (int h = top; h < bottom; h++) {
            for (int w = left; w < right; w++) {
                float value = image[h * W + w];
                if (beats(value, best)) {
                    best = value;
                    winner = h * W + w;
                }
            }
        }
        y[k] = best;
        indices[k] = winner;
    }
}

#define TILE_H 4  // a warp's pixels; each of its writes fills whole sectors of 32 bytes
#define TILE_W 8
#define CHANNELS 8  // of a thread: which boxes and bins meet its pixel is the same for all of them

// Does box r have a bin that reaches into the tile at (top, left)?
__device__ __forceinline__ bool meets(const int* spans, Long r, int OH, int OW, int top, int left) {
    const int* rows = spans + 2 * r * (OH + OW);
    const int* columns = rows + 2 * OH;
    return rows[0] < top + TILE_H && rows[2 * OH - 1] > top && columns[0] < left + TILE_W &&
           columns[2 * OW - 1] > left;
}

// Warp along x → a tile of 4 × 8 pixels, lane → a pixel of it; blockIdx.y → 8 channels of an image
// at a time, in turn.
// A gather: the thread asks every bin that its pixel lies in, box after box, if the pixel won. The
// lanes look at 32 boxes at a time, and all go through those that reach into the tile. (Of its own
// accord the compiler would spill registers to have more than four blocks on an SM.)
extern "C" __global__ void __launch_bounds__(256, 4)
roi_pool_backward(const float* __restrict__ gy,     // (R, C, OH, OW)
                  const int* __restrict__ indices,  // (R, C, OH, OW)
                  const Long* __restrict__ index,   // (R)
                  const int* __restrict__ spans,    // (R, OH + OW, 2)
                  float* __restrict__ gx,           // (N, C, H, W)
                  Long R, int N, int C, int H, int W, int OH, int OW)
{
    int across = ceil_div(W, TILE_W), tiles = ceil_div(H, TILE_H) * across;
    int groups = ceil_div(C, CHANNELS), lane = threadIdx.x % 32;
    int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32, warps = gridDim.x * blockDim.x / 32;
    Long bins = (Long)OH * OW;
    for (int tile = warp; tile < tiles; tile += warps) {
        for (int pair = blockIdx.y; pair < N * groups; pair += gridDim.y) {
            int n = pair / groups, first = pair % groups * CHANNELS;
            int top = tile / across * TILE_H, left = tile % across * TILE_W;
            int h = top + lane / TILE_W, w = left + lane % TILE_W, count = min(C - first, CHANNELS);
            bool inside = h < H && w < W;
            float sum[CHANNELS] = {};
            for (Long base = 0; base < R; base += 32) {
                Long mine = base + lane;
                bool met = mine < R && index[mine] == n && meets(spans, mine, OH, OW, top, left);
                unsigned found = __ballot_sync(ALL_LANES, met);
                for (; found; found &= found - 1) {
                    Long r = base + __ffs(found) - 1;
                    const int* rows = spans + 2 * r * (OH + OW);
                    const int* columns = rows + 2 * OH;
                    for (int p = 0; p < OH; p++) {
                        if (h < rows[2 * p] || h >= rows[2 * p + 1]) continue;
                        for (int q = 0; q < OW; q++) {
                            if (w < columns[2 * q] || w >= columns[2 * q + 1]) continue;
                            Long bin = (r * C + first) * bins + p * OW + q;
                            for (int k = 0; k < CHANNELS; k++)
                                if (k < count && indices[bin + k * bins] == h * W + w)
                                    sum[k] += gy[bin + k * bins];
                        }
                    }
                }
            }
            for (int k = 0; k < CHANNELS; k++)
                if (inside && k < count) gx[(((Long)n * C + first + k) * H + h) * W + w] = sum[k];
        }
    }
}
