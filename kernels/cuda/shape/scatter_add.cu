// Elements added up at the places that an index names (ops/shape/gather.py, scatter_add): the same
// bits in every run.
//
// Shapes: x (R, P), index (I, P), largest, sums, y (R, S); R / I rows, one after the other, share a
// row of the index. y[r, k] = Σ x[r, p] over all p whose number is k. A number outside 0 … S − 1
// names no place: its element is left out.
// Bytes: for each element 8 of x and 16 of the index, or less where rows share it, and 16 where it
// is added to; 28 for each place, 12 of them to fill it with 0. FLOPs: 1 scaling for each element.
//
// Which element comes first is up to chance. Sums of floats depend on it, sums of integers do not.
// So a place has a unit u of its own, a power of two: with m = max |x| over its elements, every
// element is less than 2^width u, and an integer of 64 bits has room for P of them, because
// width = 62 − ⌈log2 P⌉. Elements are rounded to multiples of u, their numbers are added with
// atomicAdd, and the sum is rounded to float once.
// Error: an element of m 2^(24 − width) or more is a multiple of u, and nothing of it is lost; a
// smaller one loses u / 2 ≤ m 2^-width at most. So before the last rounding n elements are off by
// n m 2^-width at most; added one after the other as floats, by (n − 1) 2^-24 Σ |x|, which is far
// more. For P = 2^20 the width is 42. (One unit for all places would need a pass less, and lose a
// place whose elements are small beside those of another.)
// NaN and ±∞: their bits are larger than those of all numbers, so m tells that they are there; then
// `sums` holds bits: 1 for ∞, 2 for −∞. A sum of numbers that would leave the range of floats on
// its way, and come back, is right.

#include "../common.cuh"

typedef unsigned long long Word;

#define NOT_FINITE 0x7f800000u  // the bits of ∞; those of a NaN without its sign are larger

__device__ __forceinline__ unsigned size_bits(float v) { return __float_as_uint(v) & 0x7fffffffu; }

// log2 of 1 / u. Numbers of exponent E are smaller than 2^(E − 126), also those of exponent 0.
__device__ __forceinline__ int scale_of(unsigned largest, int width) {
    return width + 126 - (int)(largest >> 23);
}

// Thread → element p of a row; blockIdx.y → rows, in turn. The bits of positive floats are ordered
// as the floats are. largest: 0 before.
extern "C" __global__ void __launch_bounds__(256)
scatter_add_largest(const float* __restrict__ x,         // (R, P)
                    const Long* __restrict__ index,      // (I, P)
                    unsigned int* __restrict__ largest,  // (R, S)
                    Long R, Long P, Long I, Long S)
{
    Long sharing = R / I;
    for (Long r = blockIdx.y; r < R; r += gridDim.y) {
        const Long* numbers = index + r / sharing * P;
        GRID_STRIDE(p, P) {
            Long k = numbers[p];
            unsigned bits = size_bits(x[r * P + p]);
            if (k >= 0 && k < S && bits != 0) atomicMax(&largest[r * S + k], bits);
        }
    }
}

// Thread → element p of a row; blockIdx.y → rows, in turn. sums: 0 before.
extern "C" __global__ void __launch_bounds__(256)
scatter_add_sums(const float* __restrict__ x,               // (R, P)
                 const Long* __restrict__ index,            // (I, P)
                 const unsigned int* __restrict__ largest,  // (R, S)
                 Word* __restrict__ sums,                   // (R, S)
                 Long R, Long P, Long I, Long S, int width)
{
    Long sharing = R / I;
    for (Long r = blockIdx.y; r < R; r += gridDim.y) {
        const Long* numbers = index + r / sharing * P;
        GRID_STRIDE(p, P) {
            Long k = numbers[p];
            float v = x[r * P + p];
            if (k < 0 || k >= S || v == 0.0f) continue;
            Long place = r * S + k;
            unsigned top = largest[place];
            if (top < NOT_FINITE)
                atomicAdd(&sums[place], (Word)llrintf(ldexpf(v, scale_of(top, width))));
            else if (size_bits(v) == NOT_FINITE) atomicOr(&sums[place], v > 0.0f ? 1ull : 2ull);
        }
    }
}

// Thread → place.
extern "C" __global__ void __launch_bounds__(256)
scatter_add_round(const unsigned int* __restrict__ largest,  // (places)
                  const Word* __restrict__ sums,             // (places)
                  float* __restrict__ y,                     // (places)
                  Long places, int width)
{
    GRID_STRIDE(i, places) {
        unsigned top = largest[i];
        Word sum = sums[i];
        float one = sum == 1 ? infinity() : -infinity();
        if (top < NOT_FINITE) y[i] = ldexpf((float)(Long)sum, -scale_of(top, width));
        else y[i] = top == NOT_FINITE && sum != 3 ? one : infinity() - infinity();
    }
}
