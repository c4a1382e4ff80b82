// Dropout (ops/random/dropout.py), and the random mask that it is given.
//
// Shapes: x, y (n); mask (n), or (n / inner) where a whole channel of `inner` elements is dropped.
// Bytes for each element: 9; with a mask for whole channels 8. FLOPs: 1.
// Drawing a mask writes 1 byte for each element and costs some 15 operations of integers.

#include "../common.cuh"

// A dropped element is multiplied by 0, so that NaN and ±∞ become NaN.
__device__ __forceinline__ float times(float x, bool kept, float scale) {
    return x * (kept ? scale : 0.0f);
}

// Thread → four neighbouring elements, read as one word of 16 bytes beside four bytes of the mask,
// or one for all; → element where the arrays or the channels do not begin at multiples of that.
extern "C" __global__ void __launch_bounds__(256)
dropout_forward(const float* __restrict__ x,    // (channels, inner)
                const bool* __restrict__ mask,  // (channels)
                float* __restrict__ y,          // (channels, inner)
                Long channels, Long inner, float scale)
{
    bool even = is_quad(x, y) && (inner == 1 ? ((size_t)mask & 3) == 0 : inner % 4 == 0);
    Long n = channels * inner, quads = even ? n / 4 : 0;
    GRID_STRIDE(i, quads) {
        float4 v = ((const float4*)x)[i];
        unsigned kept = inner == 1 ? ((const unsigned*)mask)[i] : mask[4 * i / inner] * 0x01010101u;
        ((float4*)y)[i] = make_float4(
            times(v.x, kept & 1u, scale), times(v.y, kept & 1u << 8, scale),
            times(v.z, kept & 1u << 16, scale), times(v.w, kept & 1u << 24, scale));
    }
    GRID_STRIDE(k, n - 4 * quads) {
        Long i = 4 * quads + k;
        y[i] = times(x[i], mask[inner == 1 ? i : i / inner], scale);
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

// Where the host's generator stands. The first number that it draws next is `rest` where pending is
// 1, left over from an earlier word. The others come from words, the low half of each, then the
// high one, eight to a block; of the block with this counter, which is in use, `start` are gone.
struct State {
    Word key0, key1, counter0, counter1, counter2, counter3;
    int start, pending;
    unsigned int rest;
};

// The same some numbers further on. A stream may also stand within a word: `start` counts numbers.
__device__ __forceinline__ State behind(State at, Long numbers) {
    if (numbers == 0) return at;
    Long gone = at.start + numbers - at.pending;  // of the block in use and of those behind it
    Word before = at.counter0;
    at.counter0 += (Word)(gone / 8);
    if (at.counter0 < before && ++at.counter1 == 0 && ++at.counter2 == 0) ++at.counter3;  // carry
    at.start = (int)(gone % 8);
    at.pending = 0;
    return at;
}

// u = (24 upper bits) / 2²⁴; kept where u >= p.
__device__ __forceinline__ bool is_kept(unsigned int bits, float p) {
    return (float)(bits >> 8) * (1.0f / 16777216.0f) >= p;
}

// Eight bytes of the mask from number `first` on, of which those below `least` and from n on are
// none of it; in one or two words where they begin at a multiple of 8 or 4.
__device__ __forceinline__ void put(bool* mask, Long first, Long least, Long n, Word kept) {
    bool whole = first >= least && first + 8 <= n;
    size_t place = (size_t)(mask + first) % 8;
    if (whole && place == 0) {
        *(Word*)(mask + first) = kept;
    } else if (whole && place == 4) {
        *(unsigned*)(mask + first) = (unsigned)kept;
        *(unsigned*)(mask + first + 4) = (unsigned)(kept >> 32);
    } else {
        for (int j = 0; j < 8; j++)
            if (first + j >= least && first + j < n) mask[first + j] = kept >> 8 * j & 1;
    }
}

// Thread → the eight numbers of one block of the generator. Number i comes from block
// (start + i − pending) / 8, so that no thread has to wait for another, and the mask is bit for bit
// the one that the CPU draws with the same state.
__device__ __forceinline__ void draw_mask(bool* mask, Long n, float p, State at) {
    GRID_STRIDE(k, (n + at.start + 7) / 8) {
        Block v = {at.counter0 + (Word)k, at.counter1, at.counter2, at.counter3};
        if (v.a < at.counter0 && ++v.b == 0 && ++v.c == 0) ++v.d;  // carry
        v = philox(v, at.key0, at.key1);
        Word words[4] = {v.a, v.b, v.c, v.d};
        Word kept = 0;
        for (int j = 0; j < 8; j++)
            kept |= (Word)is_kept((unsigned int)(words[j / 2] >> (j % 2 * 32)), p) << 8 * j;
        put(mask, 8 * k - at.start + at.pending, at.pending, n, kept);
        if (k == 0 && at.pending && n > 0) mask[0] = is_kept(at.rest, p);
    }
}

// (The map thread → element is that of draw_mask.)
extern "C" __global__ void __launch_bounds__(256)
dropout_mask(bool* __restrict__ mask,  // (n)
             Long n, float p, Word key0, Word key1, Word counter0, Word counter1, Word counter2,
             Word counter3, int start, int pending, unsigned int rest)
{
    draw_mask(mask, n, p, {key0, key1, counter0, counter1, counter2, counter3, start, pending,
                           rest});
}

// The same in a CUDA graph, whose launches have the same arguments in every replay: the state is
// read from memory, which the host fills before each replay.
// skip: how many numbers the launches before this one draw in a replay.
extern "C" __global__ void __launch_bounds__(256)
dropout_mask_in_graph(bool* __restrict__ mask,         // (n)
                      const Long* __restrict__ state,  // (9)
                      Long n, float p, Long skip)
{
    const Word* s = (const Word*)state;
    State at = {s[0], s[1], s[2], s[3], s[4], s[5], (int)s[6], (int)s[7], (unsigned int)s[8]};
    draw_mask(mask, n, p, behind(at, skip));
}
