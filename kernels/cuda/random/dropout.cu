// Dropout (ops/random/dropout.py), and the random mask that it is given.
//
// Shapes: x, y (n); mask (n), or (n / inner) where a whole channel of `inner` elements is dropped.
// Bytes for each element: 9; with a mask for whole channels 8. FLOPs: 1.
// Drawing a mask writes 1 byte for each element and costs some 15 operations of integers.

#include "../common.cuh"

// Thread → element. A dropped element is multiplied by 0, so that NaN and ±∞ become NaN.
extern "C" __global__ void __launch_bounds__(256)
dropout_forward(const float* __restrict__ x,    // (channels, inner)
                const bool* __restrict__ mask,  // (channels)
                float* __restrict__ y,          // (channels, inner)
                Long channels, Long inner, float scale)
{
    GRID_STRIDE(i, channels * inner) {
        bool kept = mask[inner == 1 ? i : i / inner];
        y[i] = x[i] * (kept ? scale : 0.0f);
    }
}

// One round of Philox 4×64: two products of 64 by 64 bits, whose halves change places.
// (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3)
typedef unsigned long long Word;

struct Block { Word a, b, c, d; };

__device__ __forceinline__ Block philox(Block v, Word key0, Word key1) {
    const Word M0 = 0xD2E7470EE14C6C93ull, M1 = 0xCA5A826395121157ull;
    for (int round = 0; round < 10; round++) {
        Word high0 = __umul64hi(M0, v.a), low0 = M0 * v.a;
        Word high1 = __umul64hi(M1, v.c), low1 = M1 * v.c;
        v = {high1 ^ v.b ^ key0, low1, high0 ^ v.d ^ key1, low0};
        key0 += 0x9E3779B97F4A7C15ull;  // the golden ratio
        key1 += 0xBB67AE8584CAA73Bull;  // √3 − 1
    }
    return v;
}

// Thread → eight numbers that one block of the generator makes, in the order in which the host
// draws them: the low half of each word, then the high one. Number i comes from counter
// (start + i − pending) / 8, so that no thread has to wait for another, and the mask is bit for bit
// the one that the CPU draws with the same state.
// counter: of the block that is being used up, of whose eight numbers `start` are gone.
// pending: 1 where the first number is `rest`, left over from an earlier word; else 0.
// u = (24 upper bits) / 2²⁴; kept where u >= p.
extern "C" __global__ void __launch_bounds__(256)
dropout_mask(bool* __restrict__ mask,  // (n)
             Long n, float p, Word key0, Word key1, Word counter0, Word counter1, Word counter2,
             Word counter3, int start, int pending, unsigned int rest)
{
    GRID_STRIDE(k, (n + start + 7) / 8) {
        Block v = {counter0 + (Word)k, counter1, counter2, counter3};
        if (v.a < counter0 && ++v.b == 0 && ++v.c == 0) ++v.d;  // carry
        v = philox(v, key0, key1);
        Word words[4] = {v.a, v.b, v.c, v.d};
        for (int j = 0; j < 8; j++) {
            Long i = 8 * k + j - start + pending;
            if (i < pending || i >= n) continue;
            unsigned int bits = (unsigned int)(words[j / 2] >> (j % 2 * 32));
            mask[i] = (float)(bits >> 8) * (1.0f / 16777216.0f) >= p;
        }
        if (k == 0 && pending && n > 0) mask[0] = (float)(rest >> 8) * (1.0f / 16777216.0f) >= p;
    }
}
