// Max-pool (ops/pool/max_pool.py has the equations and the rules for ties and NaN).
//
// Shapes: x (planes, H, W) → y, indices (planes, OH, OW); a plane is one channel of one image, and
// has fewer than 2³¹ pixels and windows, so that its divisions are of 32 bits.
// Bytes, 3 × 3 with stride 2: forward reads 4 for each pixel and writes 12 for each window, that is
// 3 for each pixel (the winner's place is an int64); backward the reverse. FLOPs: 9 comparisons for
// each window. Memory decides, while a warp gets by on some 100 instructions for 32 windows and 30
// for 32 pixels. So what a thread works out for its place serves many planes, and the bodies are
// templates: ROWS × COLUMNS values are loaded before the first of them is waited for.

#include "../common.cuh"

// The numbers of a launch. Where a kernel sets some to constants, the compiler folds them in.
struct Windows {
    int H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW;
};

struct Best {
    float value;
    int place;
};

// The best after ROWS × COLUMNS taps, from tap (i, j) on, of a window that begins at row `top` and
// column `left`. What lies outside is −∞, which beats nothing. ROWS divides KH.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ Best best_of(Best best, const float* __restrict__ image,
                                        const Windows& s, int top, int left, int i, int j)
{
    float taps[ROWS][COLUMNS];
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        int h = top + (i + r) * s.DH;
        #pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            int w = left + (j + c) * s.DW;
            bool inside = (unsigned)h < (unsigned)s.H && (unsigned)w < (unsigned)s.W;
            taps[r][c] = inside && j + c < s.KW ? image[h * s.W + w] : -infinity();
        }
    }
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        int h = top + (i + r) * s.DH;
        #pragma unroll
        for (int c = 0; c < COLUMNS; c++)
            if (beats(taps[r][c], best.value))
                best = {taps[r][c], h * s.W + left + (j + c) * s.DW};
    }
    return best;
}

template <int ROWS, int COLUMNS>
__device__ __forceinline__ void pool(const float* __restrict__ x, float* __restrict__ y,
                                     Long* __restrict__ indices, Long planes, const Windows& s)
{
    Long pixels = (Long)s.H * s.W, windows = (Long)s.OH * s.OW;
    GRID_STRIDE(window, windows) {
        int top = (int)window / s.OW * s.SH - s.PH, left = (int)window % s.OW * s.SW - s.PW;
        int h = top < 0 ? top + ceil_div(-top, s.DH) * s.DH : top;  // the first pixel inside
        int w = left < 0 ? left + ceil_div(-left, s.DW) * s.DW : left;
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            Best best = {-infinity(), h * s.W + w};
            #pragma unroll 1  // ROWS and COLUMNS are enough
            for (int i = 0; i < s.KH; i += ROWS) {
                #pragma unroll 1
                for (int j = 0; j < s.KW; j += COLUMNS)
                    best = best_of<ROWS, COLUMNS>(best, x + plane * pixels, s, top, left, i, j);
            }
            y[plane * windows + window] = best.value;
            indices[plane * windows + window] = best.place;
        }
    }
}

// Windows of K × K pixels that lie side by side, ROWS rows of them at a time.
template <int ROWS, int K>
__device__ __forceinline__ void pool_square(const float* __restrict__ x, float* __restrict__ y,
                                            Long* __restrict__ indices, Long planes, Windows s)
{
    s.KH = s.KW = K;
    s.DH = s.DW = 1;
    pool<ROWS, K>(x, y, indices, planes, s);
}

// Thread (blockIdx.x, threadIdx.x) → one window (p, q); blockIdx.y → planes, in turn.
// The best starts at −inf and at the window's first pixel, which so wins where all are −inf.
extern "C" __global__ void __launch_bounds__(256, 4)
max_pool_forward(const float* __restrict__ x,  // (planes, H, W)
                 float* __restrict__ y,        // (planes, OH, OW)
                 Long* __restrict__ indices,   // (planes, OH, OW)
                 Long planes, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
                 int DH, int DW, int OH, int OW)
{
    Windows s = {H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW};
    switch (KH == KW && DH == 1 && DW == 1 ? KH : 0) {
        case 2: return pool_square<2, 2>(x, y, indices, planes, s);
        case 3: return pool_square<3, 3>(x, y, indices, planes, s);
        case 5: return pool_square<1, 5>(x, y, indices, planes, s);
    }
    pool<1, 4>(x, y, indices, planes, s);
}

// Rows of pixels below each other that a thread of the gradient has: their windows are nearly the
// same, and each is loaded once for all of them.
#define BAND 4

// The first of `rows` × `columns` windows, at most ROWS × COLUMNS, give what they have to those
// pixels of a band that won them: pixel, pixel + W, …
template <int ROWS, int COLUMNS>
__device__ __forceinline__ void give(const float* __restrict__ gy, const Long* __restrict__ indices,
                                     int rows, int columns, int OW, int pixel, int W, float* sums)
{
    int winner[ROWS][COLUMNS];
    float given[ROWS][COLUMNS];
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        int there = r < rows ? columns : 0;
        #pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            winner[r][c] = c < there ? (int)indices[(Long)r * OW + c] : -1;
            given[r][c] = c < there ? gy[(Long)r * OW + c] : 0.0f;
        }
    }
    #pragma unroll
    for (int k = 0; k < ROWS * COLUMNS; k++) {
        #pragma unroll
        for (int b = 0; b < BAND; b++)
            if (winner[k / COLUMNS][k % COLUMNS] == pixel + b * W)
                sums[b] += given[k / COLUMNS][k % COLUMNS];
    }
}

// most_p, most_q: a band lies in no more rows and columns of windows.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ void gather(const float* __restrict__ gy,
                                       const Long* __restrict__ indices, float* __restrict__ gx,
                                       Long planes, const Windows& s, int most_p, int most_q)
{
    Long pixels = (Long)s.H * s.W, windows = (Long)s.OH * s.OW;
    GRID_STRIDE(place, (Long)ceil_div(s.H, BAND) * s.W) {
        int h = (int)place / s.W * BAND, w = (int)place % s.W, pixel = h * s.W + w;
        int bottom = h + BAND - 1 + s.PH, right = w + s.PW;  // with the padding before it
        int first_p = max(ceil_div(h + s.PH - (s.KH - 1) * s.DH, s.SH), 0);
        int first_q = max(ceil_div(right - (s.KW - 1) * s.DW, s.SW), 0);
        int rows = min(bottom / s.SH, s.OH - 1) - first_p + 1;
        int columns = min(right / s.SW, s.OW - 1) - first_q + 1;
        Long window = blockIdx.y * windows + (Long)first_p * s.OW + first_q;
        float* to = gx + blockIdx.y * pixels + pixel;
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sums[BAND] = {};
            #pragma unroll 1  // ROWS and COLUMNS are enough
            for (int i = 0; i < most_p; i += ROWS) {
                #pragma unroll 1
                for (int j = 0; j < most_q; j += COLUMNS) {
                    Long at = window + (Long)i * s.OW + j;
                    give<ROWS, COLUMNS>(gy + at, indices + at, rows - i, columns - j, s.OW, pixel,
                                        s.W, sums);
                }
            }
            #pragma unroll
            for (int b = 0; b < BAND; b++)
                if (h + b < s.H) to[(Long)b * s.W] = sums[b];
            window += gridDim.y * windows;
            to += gridDim.y * pixels;
        }
    }
}

// Thread (blockIdx.x, threadIdx.x) → pixels (h … h + BAND − 1, w) of gx; blockIdx.y → planes, in
// turn. A gather: the thread asks every window that its pixels lie in which of them won. The usual
// way round, each window adding to its winner, needs atomics, whose order changes from run to run.
extern "C" __global__ void __launch_bounds__(256)
max_pool_backward(const float* __restrict__ gy,      // (planes, OH, OW)
                  const Long* __restrict__ indices,  // (planes, OH, OW)
                  float* __restrict__ gx,            // (planes, H, W)
                  Long planes, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
                  int DH, int DW, int OH, int OW)
{
    Windows s = {H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW};
    int most_p = ((KH - 1) * DH + BAND - 1) / SH + 1, most_q = (KW - 1) * DW / SW + 1;
    if (most_p > 3 || most_q > 2) gather<1, 4>(gy, indices, gx, planes, s, most_p, most_q);
    else if (most_q == 2) gather<3, 2>(gy, indices, gx, planes, s, 3, 2);
    else gather<3, 1>(gy, indices, gx, planes, s, 3, 1);
}
