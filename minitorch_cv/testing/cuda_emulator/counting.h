// A float that counts: kernels whose text comes after this file report what they read, write and
// compute. An operand that lies in an array or in shared memory is a read each time it stands in the
// text; a compiler may keep it in a register and read once, so the counts are those of the text.
//
// Transfers: the j-th accesses of a warp's threads to one array, or to shared memory, are taken for
// one instruction, as they are where all threads take the same way. Arrays lie in memory that is
// moved in sectors of 32 bytes: each one that an instruction touches counts once. Shared memory has
// 32 banks, each of which hands out one word of 4 bytes at a time: an instruction takes as many
// turns as different words are wanted of one bank. (All lanes may read the same word in one turn.)
#pragma once
#include <algorithm>
#include <vector>

namespace counting {

const int MOST_ARRAYS = 15, SHARED = MOST_ARRAYS, PLACES = MOST_ARRAYS + 1;
typedef unsigned long long Number;

struct Traffic { Number reads, writes, bytes, transfers; };
static Traffic traffic[PLACES];  // of each argument; the last one: shared memory
static Number flops;
static const char *begins[MOST_ARRAYS], *ends[MOST_ARRAYS];
static std::vector<Number> touched;       // in this block: array, warp, which access, sector or word
static unsigned accesses[1024][PLACES];  // how many a thread has made
static dim3 block;
static unsigned dynamic_bytes;  // of shared memory

// Starts a block: what warps touched in the last one is added up.
static void next_block() {
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    Number wanted[32] = {}, instruction = 0;  // words of each bank; whose they are
    for (Number key : touched) {
        Number place = key >> 59;
        if (place < SHARED) {
            traffic[place].transfers++;
            continue;
        }
        if (key >> 30 != instruction) memset(wanted, 0, sizeof(wanted));
        if (key >> 30 != instruction) traffic[SHARED].transfers++;
        else if (wanted[key % 32] == *std::max_element(wanted, wanted + 32))
            traffic[SHARED].transfers++;
        instruction = key >> 30;
        wanted[key % 32]++;
    }
    touched.clear();
    memset(accesses, 0, sizeof(accesses));
    block = blockIdx;
}

static void touch(int place, Number offset, int bytes) {
    if (blockIdx.x != block.x || blockIdx.y != block.y || blockIdx.z != block.z) next_block();
    int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    Number which = accesses[thread][place]++ & 0xffffff, warp = thread / 32;
    int unit = place == SHARED ? 4 : 32;
    for (Number u = offset / unit; u <= (offset + bytes - 1) / unit; u++)
        touched.push_back((Number)place << 59 | warp << 54 | which << 30 | u);
}

// Where the shared memory begins that a place lies in, rounded down to bank 0; else nullptr.
static const char* shared_memory_of(const char* place) {
    if (place >= __start_shared_memory && place < __stop_shared_memory)
        return (const char*)((Number)__start_shared_memory / 128 * 128);
    bool dynamic = place >= emulator::dynamic && place < emulator::dynamic + dynamic_bytes;
    return dynamic ? emulator::dynamic : nullptr;
}

static void access(const void* at, int bytes, bool writes) {
    const char* place = (const char*)at;
    int where = 0;
    while (where < MOST_ARRAYS && !(place >= begins[where] && place < ends[where])) where++;
    const char* begin = where < MOST_ARRAYS ? begins[where] : shared_memory_of(place);
    if (!begin) return;  // in a register
    (writes ? traffic[where].writes : traffic[where].reads)++;
    traffic[where].bytes += bytes;
    touch(where, place - begin, bytes);
}

// Some floats that are read and written as one word.
template <typename Word> struct Counted {
    Word value;
    Counted() = default;
    Counted(const Word& v) : value(v) {}
    Counted(const Counted& v) : value(v.get()) {}
    Counted& operator=(const Counted& v) {
        value = v.get();
        access(this, sizeof(*this), true);
        return *this;
    }
    const Word& get() const {
        access(this, sizeof(*this), false);
        return value;
    }
};

struct Float : Counted<float> {
    using Counted<float>::Counted;
    Float() = default;
    template <typename T> explicit operator T() const { return (T)get(); }
    Float operator-() const { return -get(); }
};

#define ARITHMETIC(op) \
    static inline Float operator op(const Float& a, const Float& b) { \
        flops++; \
        return a.get() op b.get(); \
    } \
    static inline Float& operator op##=(Float& a, const Float& b) { return a = a op b; }
ARITHMETIC(+) ARITHMETIC(-) ARITHMETIC(*) ARITHMETIC(/)
#define COMPARISON(op) \
    static inline bool operator op(const Float& a, const Float& b) { return a.get() op b.get(); }
COMPARISON(<) COMPARISON(<=) COMPARISON(>) COMPARISON(>=) COMPARISON(==) COMPARISON(!=)
#define FUNCTION(f) \
    static inline Float f(const Float& a) { flops++; return ::f(a.get()); }
FUNCTION(expf) FUNCTION(expm1f) FUNCTION(logf) FUNCTION(sqrtf) FUNCTION(rsqrtf) FUNCTION(tanhf)
FUNCTION(erff) FUNCTION(fabsf) FUNCTION(floorf) FUNCTION(rintf)
#define FUNCTION_OF_TWO(f) \
    static inline Float f(const Float& a, const Float& b) { flops++; return ::f(a.get(), b.get()); }
FUNCTION_OF_TWO(fmaxf) FUNCTION_OF_TWO(fminf) FUNCTION_OF_TWO(min) FUNCTION_OF_TWO(max)
FUNCTION_OF_TWO(powf) FUNCTION_OF_TWO(__fadd_rn) FUNCTION_OF_TWO(__fmul_rn)
static inline Float ldexpf(const Float& a, int by) { flops++; return ::ldexpf(a.get(), by); }
static inline long long llrintf(const Float& a) { flops++; return ::llrintf(a.get()); }
static inline unsigned __float_as_uint(const Float& a) { return ::__float_as_uint(a.get()); }
static inline double& operator+=(double& a, const Float& b) { flops++; return a += b.get(); }
static inline Float fmaf(const Float& a, const Float& b, const Float& c) {
    flops += 2;
    return ::fmaf(a.get(), b.get(), c.get());
}

// Words of two and four: one access, whose parts are then in registers.
struct Pair { Float x, y; };
struct Quad { Float x, y, z, w; };
struct alignas(8) Float2 : Pair {
    Float2() = default;
    Float2(const Float& a, const Float& b) : Pair{a, b} {}
    Float2(const Float2& v) : Float2(v.x.value, v.y.value) { access(&v, 8, false); }
    Float2& operator=(const Float2& v) {
        access(&v, 8, false);
        x.value = v.x.value, y.value = v.y.value;
        access(this, 8, true);
        return *this;
    }
};
struct alignas(16) Float4 : Quad {
    Float4() = default;
    Float4(const Float& a, const Float& b, const Float& c, const Float& d) : Quad{a, b, c, d} {}
    Float4(const Float4& v) : Float4(v.x.value, v.y.value, v.z.value, v.w.value) {
        access(&v, 16, false);
    }
    Float4& operator=(const Float4& v) {
        access(&v, 16, false);
        x.value = v.x.value, y.value = v.y.value, z.value = v.z.value, w.value = v.w.value;
        access(this, 16, true);
        return *this;
    }
};

}  // namespace counting

using namespace counting;
namespace emulator {
static inline Float shuffle(unsigned mask, const Float& value, int from, int line) {
    return shuffle(mask, value.get(), from, line);
}
}  // namespace emulator

// Fresh counts, for arrays of these addresses.
extern "C" void count_from(int arrays, const char** first, const char** last, unsigned shared) {
    next_block();
    memset(traffic, 0, sizeof(traffic));
    flops = 0;
    dynamic_bytes = shared;
    for (int k = 0; k < MOST_ARRAYS; k++) {
        begins[k] = k < arrays ? first[k] : nullptr;
        ends[k] = k < arrays ? last[k] : nullptr;
    }
}

// reads, writes, bytes and transfers of each argument and of shared memory; then the FLOPs.
extern "C" void count_so_far(Number* out) {
    next_block();
    memcpy(out, traffic, sizeof(traffic));
    out[4 * PLACES] = flops;
}

#define float counting::Float
#define float2 counting::Float2
#define float4 counting::Float4
#define make_float2(...) counting::Float2(__VA_ARGS__)
#define make_float4(...) counting::Float4(__VA_ARGS__)
