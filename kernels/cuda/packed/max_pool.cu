// Max-pool (ops/pool/max_pool.py has the rules for ties and NaN) of packed images
// (packed/array.py): bfloat16, channels last.
//
// Shapes: x, gx (N, H, W, C) → y, gy, places (N, OH, OW, C); a place is row · W + column of the
// winner. Bytes, 3 × 3 with stride 2: forward reads 2 for each element and writes 6 for each
// window, that is 1.5 for each element; backward the reverse. FLOPs: 9 comparisons for each window.
// Memory decides; what windows share, the L1 cache has.
//
// Thread → a pack of neighbouring channels of one window (backward: of one pixel), then on with the
// stride of the grid; neighbouring threads have neighbouring packs. A pack has eight channels, one
// word of 16 bytes, or one where C is no multiple of eight. blockIdx.y → images, in turn.

#include "../common.cuh"

// The numbers of a launch. Where a kernel sets some to constants, the compiler folds them in.
struct Windows {
    int H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW, C;
};

// P: channels in a pack.
template <int P> struct Best { float value[P]; int place[P]; };

// One row of COLUMNS taps at pixel row h, from column w on; what lies outside beats nothing.
template <int P, int COLUMNS>
__device__ __forceinline__ void
look(Best<P>& best, const unsigned short* image, const Windows& s, int h, int w, int pack, int left)
{
    int packs = s.C / P;
    Pack<P> taps[COLUMNS];
    #pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
        int at = w + c * s.DW;
        bool inside = c < left && (unsigned)h < (unsigned)s.H && (unsigned)at < (unsigned)s.W;
        if (inside) taps[c] = load<P>(image, (Long)(h * s.W + at) * packs + pack);
        else {
            #pragma unroll
            for (int k = 0; k < P; k++) taps[c].at[k] = -infinity();
        }
    }
    #pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
        #pragma unroll
        for (int k = 0; k < P; k++)
            if (beats(taps[c].at[k], best.value[k])) {
                best.value[k] = taps[c].at[k];
                best.place[k] = h * s.W + w + c * s.DW;
            }
    }
}

template <int P, int COLUMNS>
__device__ __forceinline__ void
pool(const unsigned short* x, unsigned short* y, int* places, Long N, const Windows& s)
{
    int packs = s.C / P;
    Long pixels = (Long)s.H * s.W * s.C, windows = (Long)s.OH * s.OW * s.C;
    GRID_STRIDE(i, windows / P) {
        int window = (int)i / packs, pack = (int)i % packs;
        int top = window / s.OW * s.SH - s.PH, left = window % s.OW * s.SW - s.PW;
        int h = top < 0 ? top + ceil_div(-top, s.DH) * s.DH : top;  // the first pixel inside
        int w = left < 0 ? left + ceil_div(-left, s.DW) * s.DW : left;
        for (Long n = blockIdx.y; n < N; n += gridDim.y) {
            Best<P> best;
            #pragma unroll
            for (int k = 0; k < P; k++) best.value[k] = -infinity(), best.place[k] = h * s.W + w;
            #pragma unroll 1  // COLUMNS are enough
            for (int r = 0; r < s.KH; r++)
                for (int c = 0; c < s.KW; c += COLUMNS)
                    look<P, COLUMNS>(best, x + n * pixels, s, top + r * s.DH, left + c * s.DW, pack,
                                     s.KW - c);
            Pack<P> won;
            #pragma unroll
            for (int k = 0; k < P; k++) {
                won.at[k] = best.value[k];
                places[n * windows + i * P + k] = best.place[k];
            }
            store<P>(y + n * windows, i, won);
        }
    }
}

// The best starts at −inf and at the window's first pixel, which so wins where all are −inf.
extern "C" __global__ void __launch_bounds__(256)
packed_max_pool_forward(const unsigned short* __restrict__ x,  // (N, H, W, C)
                        unsigned short* __restrict__ y,        // (N, OH, OW, C)
                        int* __restrict__ places,              // (N, OH, OW, C)
                        Long N, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
                        int DH, int DW, int OH, int OW, int C)
{
    Windows s = {H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW, C};
    if (C % 8 == 0) pool<8, 3>(x, y, places, N, s);
    else pool<1, 3>(x, y, places, N, s);
}

template <int P>
__device__ __forceinline__ void
gather(const unsigned short* gy, const int* places, unsigned short* gx, Long N, const Windows& s)
{
    int packs = s.C / P;
    Long pixels = (Long)s.H * s.W * s.C, windows = (Long)s.OH * s.OW * s.C;
    GRID_STRIDE(i, pixels / P) {
        int pixel = (int)i / packs, pack = (int)i % packs;
        int bottom = pixel / s.W + s.PH, right = pixel % s.W + s.PW;  // with the padding before it
        int first_p = max(ceil_div(bottom - (s.KH - 1) * s.DH, s.SH), 0);
        int first_q = max(ceil_div(right - (s.KW - 1) * s.DW, s.SW), 0);
        int last_p = min(bottom / s.SH, s.OH - 1), last_q = min(right / s.SW, s.OW - 1);
        for (Long n = blockIdx.y; n < N; n += gridDim.y) {
            Pack<P> sum = {};
            for (int p = first_p; p <= last_p; p++)
                for (int q = first_q; q <= last_q; q++) {
                    Long at = (Long)(p * s.OW + q) * packs + pack;
                    Pack<P> g = load<P>(gy + n * windows, at);
                    #pragma unroll
                    for (int k = 0; k < P; k++)
                        if (places[n * windows + at * P + k] == pixel) sum.at[k] += g.at[k];
                }
            store<P>(gx + n * pixels, i, sum);
        }
    }
}

// A gather: a thread asks every window that its pixel lies in which pixel won. Sums are made in
// float32 and rounded once.
extern "C" __global__ void __launch_bounds__(256, 4)
packed_max_pool_backward(const unsigned short* __restrict__ gy,  // (N, OH, OW, C)
                         const int* __restrict__ places,         // (N, OH, OW, C)
                         unsigned short* __restrict__ gx,        // (N, H, W, C)
                         Long N, int H, int W, int KH, int KW, int SH, int SW, int PH, int PW,
                         int DH, int DW, int OH, int OW, int C)
{
    Windows s = {H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW, C};
    if (C % 8 == 0) gather<8>(gy, places, gx, N, s);
    else gather<1>(gy, places, gx, N, s);
}
