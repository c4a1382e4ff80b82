// im2col and its adjoint col2im (ops/conv/im2col.py has the equations).
//
// A convolution as one product of matrices needs every window of the image as a column. im2col
// copies the windows out; col2im adds the copies of a pixel up again, which is the gradient.
//
// Shapes: x (N·C, H, W) ↔ cols (N·C, KH·KW, OH·OW). A plane is one channel of one image,
// and has fewer than 2³¹ pixels and windows, so that its divisions are of 32 bits.
// Bytes, 3 × 3 with stride 1: im2col reads 4 and writes 36 for each pixel, col2im the reverse.
// FLOPs: none (im2col), 9 additions for each pixel (col2im): both wait for memory alone.
//
// That holds while a warp gets by on some 200 instructions for 32 windows. So what a thread works
// out for its place serves many planes, no loop divides, and the bodies are templates: ROWS ×
// COLUMNS taps are loaded before the first of them is waited for.

#include "../common.cuh"

// The numbers of a launch. Where a kernel sets some to constants, the compiler folds them in.
struct Windows {
    int H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW;
};

// Some taps of a window that begins at row `top` and column `left`: ROWS × COLUMNS, from tap (i, j)
// on. column: where the window's first tap goes. ROWS divides KH.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ void copy_taps(const float* __restrict__ image,
                                          float* __restrict__ column, const Windows& s,
                                          int top, int left, int i, int j)
{
    Long windows = (Long)s.OH * s.OW;
    Long corner = (Long)(top + i * s.DH) * s.W + left + j * s.DW;
    float taps[ROWS][COLUMNS];
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        bool row = (unsigned)(top + (i + r) * s.DH) < (unsigned)s.H;  // negative: very large
        #pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            bool inside = row && (unsigned)(left + (j + c) * s.DW) < (unsigned)s.W;
            bool there = s.KW % COLUMNS == 0 || j + c < s.KW;
            Long place = corner + (Long)r * s.DH * s.W + c * s.DW;
            taps[r][c] = inside && there ? image[place] : 0.0f;
        }
    }
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        #pragma unroll
        for (int c = 0; c < COLUMNS; c++)
            if (j + c < s.KW) column[((i + r) * s.KW + j + c) * windows] = taps[r][c];
    }
}

template <int ROWS, int COLUMNS>
__device__ __forceinline__ void unfold(const float* __restrict__ x, float* __restrict__ cols,
                                       Long planes, const Windows& s)
{
    Long pixels = (Long)s.H * s.W, windows = (Long)s.OH * s.OW;
    GRID_STRIDE(window, windows) {
        int top = (int)window / s.OW * s.SH - s.PH, left = (int)window % s.OW * s.SW - s.PW;
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            const float* image = x + plane * pixels;
            float* column = cols + plane * s.KH * s.KW * windows + window;
            #pragma unroll 1  // ROWS and COLUMNS are enough
            for (int i = 0; i < s.KH; i += ROWS) {
                #pragma unroll 1
                for (int j = 0; j < s.KW; j += COLUMNS)
                    copy_taps<ROWS, COLUMNS>(image, column, s, top, left, i, j);
            }
        }
    }
}

// K × K taps that lie side by side, ROWS rows of them at a time.
template <int ROWS, int K>
__device__ __forceinline__ void unfold_square(const float* __restrict__ x,
                                              float* __restrict__ cols, Long planes, Windows s)
{
    s.KH = s.KW = K;
    s.DH = s.DW = 1;
    unfold<ROWS, K>(x, cols, planes, s);
}

// Thread (blockIdx.x, threadIdx.x) → one window (p, q); blockIdx.y → planes, in turn. It copies the
// KH·KW elements of its window: neighbours in a warp have neighbouring windows, so that each of the
// KH·KW writes of a warp is one run of memory, and the reads overlap in the cache.
extern "C" __global__ void __launch_bounds__(256)
im2col(const float* __restrict__ x,  // (planes, H, W)
       float* __restrict__ cols,     // (planes, KH, KW, OH, OW)
       Long planes, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
       int DH, int DW, int OH, int OW)
{
    Windows s = {H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW};
    switch (KH == KW && DH == 1 && DW == 1 ? KH : 0) {
        case 1: return unfold_square<1, 1>(x, cols, planes, s);
        case 3: return unfold_square<3, 3>(x, cols, planes, s);
        case 5: return unfold_square<1, 5>(x, cols, planes, s);
        case 7: return unfold_square<1, 7>(x, cols, planes, s);
    }
    unfold<1, 4>(x, cols, planes, s);
}

// The windows of one axis that a place lies in: `count` of them (none: 0 or less) from `first` on,
// whose tap `tap` is the place. From one to the next `step` windows on, and `back` taps back.
struct Holders {
    int first, count, step, tap, back;
};

// at: the place, counted from where the padding begins.
__device__ __forceinline__ Holders holders(int at, int K, int S, int D, int O) {
    Holders found;
    found.step = 1;  // with dilation a window may have a gap where its neighbours have a tap
    while (found.step * S % D != 0) found.step++;
    found.back = found.step * S / D;
    found.first = max(ceil_div(at - (K - 1) * D, S), 0);
    while (found.first * S < at && (at - found.first * S) % D != 0) found.first++;
    found.tap = (at - found.first * S) / D;
    found.count = (min(at / S, O - 1) - found.first + found.step) / found.step;
    return found;
}

// sum + the first of `rows` × `columns` numbers, at most ROWS × COLUMNS of them.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ float add_up(float sum, const float* __restrict__ from, Long down,
                                        Long right, int rows, int columns)
{
    float taps[ROWS][COLUMNS];
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        int there = r < rows ? columns : 0;
        #pragma unroll
        for (int c = 0; c < COLUMNS; c++)
            taps[r][c] = c < there ? from[r * down + c * right] : 0.0f;
    }
    #pragma unroll
    for (int k = 0; k < ROWS * COLUMNS; k++) sum += taps[k / COLUMNS][k % COLUMNS];
    return sum;
}

// most_p, most_q: a pixel lies in no more rows and columns of windows. Where ROWS is more than 1,
// COLUMNS is enough for a whole row, so that the order of the sum is that of the windows.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ void fold(const float* __restrict__ cols, float* __restrict__ x,
                                     Long planes, const Windows& s, int most_p, int most_q)
{
    Long pixels = (Long)s.H * s.W, windows = (Long)s.OH * s.OW, all = s.KH * s.KW * windows;
    GRID_STRIDE(pixel, pixels) {
        Holders p = holders((int)pixel / s.W + s.PH, s.KH, s.SH, s.DH, s.OH);
        Holders q = holders((int)pixel % s.W + s.PW, s.KW, s.SW, s.DW, s.OW);
        Long down = (Long)p.step * s.OW - (Long)p.back * s.KW * windows;  // to the next window's
        Long right = q.step - q.back * windows;
        const float* first = cols + blockIdx.y * all + ((Long)p.tap * s.KW + q.tap) * windows +
                             (Long)p.first * s.OW + q.first;
        for (Long plane = blockIdx.y; plane < planes; plane += gridDim.y) {
            float sum = 0.0f;
            #pragma unroll 1  // ROWS and COLUMNS are enough
            for (int i = 0; i < most_p; i += ROWS) {
                #pragma unroll 1
                for (int j = 0; j < most_q; j += COLUMNS)
                    sum = add_up<ROWS, COLUMNS>(sum, first + i * down + j * right, down, right,
                                                p.count - i, q.count - j);
            }
            x[plane * pixels + pixel] = sum;
            first += gridDim.y * all;
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
    Windows s = {H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW};
    int most_p = DH == 1 ? ceil_div(KH, SH) : KH, most_q = DW == 1 ? ceil_div(KW, SW) : KW;
    if (DH != 1 || DW != 1 || max(most_p, most_q) > 3)
        return fold<1, 4>(cols, x, planes, s, most_p, most_q);
    s.DH = s.DW = 1;
    if (max(most_p, most_q) == 3) fold<3, 3>(cols, x, planes, s, 3, 3);
    else fold<2, 2>(cols, x, planes, s, 2, 2);
}
