// RoIAlign (ops/roi/roi_align.py has the equations and torchvision's rules at the edges).
//
// Rows and columns part ways: a kernel works out how much each row of the image counts in each row
// of bins, and each column in each column of bins; y and gx are sums with the products of the two.
//
// Shapes: x (N, C, H, W), boxes (R, 4), index (R): each box's image → y (R, C, OH, OW); shares
// rows (R, OH, H) and columns (R, OW, W); spans (R, OH + OW, 2): between where they are not 0.
// Bytes: forward 4 for each pixel that a bin meets (most from the cache) and 4 for each bin, shares
// 4 R (OH H + OW W); backward 4 for each pixel of gx and 4 for each bin. FLOPs: 2 for each pixel
// that a bin meets, either way. Memory decides, and how boxes overlap.

#include "../common.cuh"

// Bins along one axis: the first begins at `low`; `count` samples a bin, `step` apart.
struct Samples { float low, width, count, step; };

__device__ __forceinline__ Samples samples_between(
    float low, float high, int bins, int ratio, bool aligned)
{
    float size = high - low;
    if (!is_finite(size)) low = size - size;  // NaN: no sample lies anywhere
    if (!aligned && size < 1.0f) size = 1.0f;
    float width = size / (float)bins, count = ratio > 0 ? (float)ratio : ceilf(width);
    return {low, width, count, width / (count == 0.0f ? 1.0f : count)};
}

// Adds the samples of bin p to its shares of S pixels, and says from where to where they are not 0.
// A sum's products are rounded first (__fmul_rn): a sample must lie on the same side of the image's
// edge as it does on the CPU.
__device__ __forceinline__ void share_out(
    const Samples& s, int p, int S, int ratio, float* shares, int* span)
{
    for (int k = 0; k < S; k++) shares[k] = 0.0f;
    float start = s.low + __fmul_rn((float)p, s.width), first = 0.0f;
    int begin = S, end = 0, most = ratio > 0 ? ratio : 2 * S + 4;
    // With a step of more than ½ no more than 2 (S + 1) + 1 samples are inside, from `first` on.
    if (ratio <= 0) first = floorf((-1.0f - start) / s.step - 0.5f);
    if (first < 0.0f) first = 0.0f;
    for (int i = 0; i < most && first + (float)i < s.count; i++) {
        float place = start + __fmul_rn(first + (float)i + 0.5f, s.step);
        if (!(place >= -1.0f && place <= (float)S)) continue;
        place = place < 0.0f ? 0.0f : (place > (float)(S - 1) ? (float)(S - 1) : place);
        int below = (int)place, above = min(below + 1, S - 1);
        float near = 1.0f - (place - (float)below), far = 1.0f - ((float)(below + 1) - place);
        shares[below] += near / s.count;
        if (far > 0.0f) shares[above] += far / s.count;
        begin = min(begin, below);
        end = max(end, far > 0.0f ? above + 1 : below + 1);
    }
    // A bin without a pixel still lies on one side of the image.
    if (begin >= end) begin = end = start + 0.5f * s.step > 0.0f ? S : 0;
    span[0] = begin;
    span[1] = end;
}

// Thread → one row of bins, or one column of bins, of one box; it owns that row of the shares.
extern "C" __global__ void __launch_bounds__(256)
roi_align_shares(const float* __restrict__ boxes,  // (R, 4)
                 float* __restrict__ rows,         // (R, OH, H)
                 float* __restrict__ columns,      // (R, OW, W)
                 int* __restrict__ spans,          // (R, OH + OW, 2)
                 Long R, int H, int W, int OH, int OW, float scale, int ratio, bool aligned)
{
    GRID_STRIDE(k, R * (OH + OW)) {
        Long r = k / (OH + OW);
        int p = (int)(k - r * (OH + OW));
        bool down = p < OH;
        if (!down) p -= OH;
        float offset = aligned ? 0.5f : 0.0f;
        float low = __fmul_rn(boxes[4 * r + down], scale) - offset;
        float high = __fmul_rn(boxes[4 * r + 2 + down], scale) - offset;
        Samples s = samples_between(low, high, down ? OH : OW, ratio, aligned);
        float* shares = down ? rows + (r * OH + p) * H : columns + (r * OW + p) * W;
        share_out(s, p, down ? H : W, ratio, shares, spans + 2 * k);
    }
}

// Thread → one bin of one channel of one box. What counts 0 is not looked at: NaN there stays out.
extern "C" __global__ void __launch_bounds__(256)
roi_align_forward(const float* __restrict__ x,        // (N, C, H, W)
                  const Long* __restrict__ index,     // (R)
                  const float* __restrict__ rows,     // (R, OH, H)
                  const float* __restrict__ columns,  // (R, OW, W)
                  const int* __restrict__ spans,      // (R, OH + OW, 2)
                  float* __restrict__ y,              // (R, C, OH, OW)
                  Long N, Long R, Long C, int H, int W, int OH, int OW)
{
    Long bins = (Long)OH * OW;
    GRID_STRIDE(k, R * C * bins) {
        Long plane = k / bins, r = plane / C;
        int bin = (int)(k - plane * bins), p = bin / OW, q = bin % OW;
        const int* down = spans + 2 * (r * (OH + OW) + p);
        const int* along = spans + 2 * (r * (OH + OW) + OH + q);
        int left = along[0], right = along[1];
        const float* image = x + (index[r] * C + plane - r * C) * H * W;
        const float* row_shares = rows + (r * OH + p) * H;
        const float* shares = columns + (r * OW + q) * W;
        float sum = 0.0f;
        for (int h = down[0]; h < down[1]; h++) {
            float share = row_shares[h], line = 0.0f;
            if (share == 0.0f) continue;
            for (int w = left; w < right; w++)
                if (shares[w] != 0.0f) line += shares[w] * image[h * W + w];
            sum += share * line;
        }
        y[k] = sum;
    }
}

#define TILE_H 4  // a warp's pixels; each of its writes fills whole sectors of 32 bytes
#define TILE_W 8
#define CHANNELS 8  // of a thread: what its pixel counts in a bin is the same for all of them

// Do bins that lie in a line, the first one at `span`, reach into [low, high)? They come in order,
// or (those of a turned box) in the reverse order.
__device__ __forceinline__ bool reach(const int* span, int bins, int low, int high) {
    const int* last = span + 2 * (bins - 1);
    return min(span[0], last[0]) < high && max(span[1], last[1]) > low;
}

// Warp along x → a tile of 4 × 8 pixels, lane → a pixel of it; blockIdx.y → 8 channels of an image
// at a time, in turn.
// A gather: the thread adds up, box after box, the bins that its pixel counts in. The lanes look at
// 32 boxes at a time, and all go through those that reach into the tile. The usual way round, each
// bin adding to its pixels, needs atomics, whose order changes from run to run. (Of its own accord
// the compiler would spill registers to have more than two blocks on an SM.)
extern "C" __global__ void __launch_bounds__(256, 2)
roi_align_backward(const float* __restrict__ gy,       // (R, C, OH, OW)
                   const Long* __restrict__ index,     // (R)
                   const float* __restrict__ rows,     // (R, OH, H)
                   const float* __restrict__ columns,  // (R, OW, W)
                   const int* __restrict__ spans,      // (R, OH + OW, 2)
                   float* __restrict__ gx,             // (N, C, H, W)
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
                const int* span = spans + 2 * mine * (OH + OW);
                bool met = mine < R && index[mine] == n && reach(span, OH, top, top + TILE_H) &&
                           reach(span + 2 * OH, OW, left, left + TILE_W);
                unsigned found = __ballot_sync(ALL_LANES, met);
                for (; found; found &= found - 1) {
                    Long r = base + __ffs(found) - 1;
#pragma unroll 1  // unrolled, the loops would need more registers
                    for (int p = 0; inside && p < OH; p++) {
                        float down = rows[(r * OH + p) * H + h];
                        if (down == 0.0f) continue;
#pragma unroll 1
                        for (int q = 0; q < OW; q++) {
                            float share = down * columns[(r * OW + q) * W + w];
                            if (share == 0.0f) continue;
                            const float* bin = gy + (r * C + first) * bins + p * OW + q;
                            for (int k = 0; k < CHANNELS; k++)
                                if (k < count) sum[k] += share * bin[k * bins];
                        }
                    }
                }
            }
            for (int k = 0; k < CHANNELS; k++)
                if (inside && k < count) gx[(((Long)n * C + first + k) * H + h) * W + w] = sum[k];
        }
    }
}
