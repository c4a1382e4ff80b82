// Non-maximum suppression (ops/roi/nms.py has the rule), from the first box to the last on the GPU.
//
// First every pair of boxes is looked at, all at once: a bit says that the better one covers the
// other. Then one block goes through the boxes in the order of their scores, 64 at a time, and
// crosses out what the kept ones cover. The bits are worked out for `rows` boxes at a time, from
// number `start` on, so that they need not all be in memory.
//
// Shapes: boxes (R, 4) by decreasing score; bits (words, rows): bit j of bits[k, i] says that box
// start + i covers box 64 k + j, which comes after it; words = ⌈R / 64⌉; kept (R).
// Bytes: 16 for each of R² / 64 boxes, nearly all from the cache, and R² / 8 for bits, half of them
// written and read. FLOPs: 14 for each of R² / 2 pairs. The scan waits for latency, not for memory.

#include "../common.cuh"

typedef unsigned long long Word;

__device__ __forceinline__ float area_of(float4 box) {
    return __fmul_rn(box.z - box.x, box.w - box.y);
}

// Products are rounded before they are added to (__fmul_rn), so that an overlap is on the same side
// of the threshold as on the CPU. A box with a NaN has an area of NaN, and so covers nothing.
__device__ __forceinline__ bool covers(float4 a, float4 b, float threshold) {
    float w = fmaxf(fminf(a.z, b.z) - fmaxf(a.x, b.x), 0.0f);
    float h = fmaxf(fminf(a.w, b.w) - fmaxf(a.y, b.y), 0.0f);
    float overlap = __fmul_rn(w, h);
    return overlap / (area_of(a) + area_of(b) - overlap) > threshold;
}

__device__ __forceinline__ float4 box_at(const float* boxes, Long r) {
    return make_float4(boxes[4 * r], boxes[4 * r + 1], boxes[4 * r + 2], boxes[4 * r + 3]);
}

// Thread (blockIdx.x, threadIdx.x) → box start + i; blockIdx.y → words, in turn. A warp's lanes
// look at the same 64 boxes at the same time, so that each is read once for all of them.
extern "C" __global__ void __launch_bounds__(256)
nms_bits(const float* __restrict__ boxes,  // (R, 4)
         Word* __restrict__ bits,          // (words, rows)
         Long R, Long start, Long rows, Long words, float threshold)
{
    GRID_STRIDE(i, rows) {
        Long r = start + i;
        float4 box = box_at(boxes, r);
        for (Long k = r / 64 + blockIdx.y; k < words; k += gridDim.y) {
            Word found = 0;
            Long first = 64 * k, end = min(first + 64, R);
            for (Long j = max(first, r + 1); j < end; j++)
                if (covers(box, box_at(boxes, j), threshold)) found |= 1ull << (j - first);
            bits[k * rows + i] = found;
        }
    }
}

__device__ __forceinline__ int lowest_bit(Word v) {
    unsigned low = (unsigned)v;
    return low ? __ffs(low) - 1 : __ffs((unsigned)(v >> 32)) + 31;
}

// Of 64 boxes, those that are kept. todo: those that no earlier one covers; covered: what each of
// them covers, lane i's own are those of boxes i and i + 32. Every lane is told the same.
__device__ __forceinline__ Word warp_keep(Word todo, Word covered, Word covered_behind) {
    Word kept = 0;
    while (todo) {
        int i = lowest_bit(todo);
        kept |= 1ull << i;
        todo &= ~(1ull << i | __shfl_sync(ALL_LANES, i < 32 ? covered : covered_behind, i % 32));
    }
    return kept;
}

// bits of a box, or none where there is no such box.
__device__ __forceinline__ Word bits_at(const Word* bits, Long k, Long rows, Long words, Long i) {
    return i < rows && k < words ? bits[k * rows + i] : 0;
}

#define LOADS 4  // words of a warp, which are on their way at the same time

// One block. The first warp decides on 64 boxes; then each warp crosses out, in one word of
// `crossed` after the other, what the kept ones among them cover. The first warp sees to the next
// word by itself, and has what the next 64 boxes cover of each other on its way meanwhile.
extern "C" __global__ void __launch_bounds__(512)
nms_scan(const Word* __restrict__ bits,  // (words, rows)
         Word* __restrict__ crossed,     // (words)
         bool* __restrict__ kept,        // (R)
         Long R, Long start, Long rows, Long words)
{
    __shared__ Word chosen;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    Long word = start / 64;
    Word gone = crossed[word], covered = bits_at(bits, word, rows, words, lane);
    Word covered_behind = bits_at(bits, word, rows, words, lane + 32);
    for (Long i = 0; i < rows; i += 64, word++) {
        Long here = i + lane, behind = here + 32;
        if (warp == 0) {
            Long left = rows - i;
            Word todo = (left < 64 ? (1ull << left) - 1 : ~0ull) & ~gone;
            Word found = warp_keep(todo, covered, covered_behind);
            if (lane == 0) chosen = found;
            if (here < rows) kept[start + here] = found >> lane & 1;
            if (behind < rows) kept[start + behind] = found >> (lane + 32) & 1;
            covered = bits_at(bits, word + 1, rows, words, here + 64);
            covered_behind = bits_at(bits, word + 1, rows, words, behind + 64);
        }
        __syncthreads();
        bool mine = chosen >> lane & 1, mine_behind = chosen >> (lane + 32) & 1;
        for (Long k = word + 1 + warp; k < words; k += LOADS * warps) {
            Word all[LOADS], before[LOADS];
#pragma unroll
            for (int j = 0; j < LOADS; j++) {
                Long at = k + j * warps;
                before[j] = at < words ? crossed[at] : 0;
                all[j] = mine ? bits_at(bits, at, rows, words, here) : 0;
                all[j] |= mine_behind ? bits_at(bits, at, rows, words, behind) : 0;
            }
#pragma unroll
            for (int j = 0; j < LOADS; j++) {
                for (int by = 16; by > 0; by /= 2)
                    all[j] |= __shfl_xor_sync(ALL_LANES, all[j], by);
                all[j] |= before[j];
                if (lane == 0 && k + j * warps < words) crossed[k + j * warps] = all[j];
            }
            if (k == word + 1) gone = all[0];
        }
        __syncthreads();  // crossed is whole, and nobody needs `chosen` any more
    }
}
