// The words of CUDA C++ for a compiler of plain C++: what a kernel's text needs to run on the CPU.
// runtime.h, which runs the threads, comes before this file, and the kernel's text after it.
#pragma once
#undef INFINITY  // the compiler that users get has neither
#undef NAN

#define __global__
#define __host__
#define __device__ static
#define __constant__ static const
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static __attribute__((section("shared_memory")))
#define DYN_SHARED(type, name) type* name = (type*)emulator::dynamic

#define __syncthreads() emulator::meet_block(__LINE__)
#define __syncwarp(...) emulator::meet_warp(0xffffffffu, __LINE__)
#define __threadfence()
#define __shfl_sync(mask, v, lane) emulator::shuffle(mask, v, (lane) & 31, __LINE__)
#define __shfl_xor_sync(mask, v, by) emulator::shuffle(mask, v, emulator::lane() ^ (by), __LINE__)
#define __shfl_down_sync(mask, v, by) emulator::shuffle(mask, v, emulator::lane() + (by), __LINE__)
#define __shfl_up_sync(mask, v, by) emulator::shuffle(mask, v, emulator::lane() - (by), __LINE__)
#define __ballot_sync(mask, p) emulator::ballot(mask, p, __LINE__)
#define __any_sync(mask, p) (emulator::ballot(mask, p, __LINE__) != 0)
#define __all_sync(mask, p) (emulator::ballot(mask, !(p), __LINE__) == 0)

struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

#define SAME(type) \
    static inline type min(type a, type b) { return b < a ? b : a; } \
    static inline type max(type a, type b) { return a < b ? b : a; }
SAME(int) SAME(unsigned) SAME(long long) SAME(unsigned long long)
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }

template <typename To, typename From> static inline To bits_as(From from) {
    static_assert(sizeof(To) == sizeof(From), "");
    To to;
    memcpy(&to, &from, sizeof(to));
    return to;
}
static inline float __int_as_float(int v) { return bits_as<float>(v); }
static inline int __float_as_int(float v) { return bits_as<int>(v); }
static inline unsigned __float_as_uint(float v) { return bits_as<unsigned>(v); }
static inline float rsqrtf(float v) { return 1.0f / sqrtf(v); }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdividef(float a, float b) { return a / b; }
#define __expf expf
#define __logf logf
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __ffs(int v) { return __builtin_ffs(v); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
template <typename T> static inline T __ldg(const T* place) { return *place; }

// Atomics. A float is exchanged as its bits until nobody came between.
template <typename T> static inline T atomicAdd(T* place, T v) {
    return __atomic_fetch_add(place, v, __ATOMIC_RELAXED);
}
template <typename T> static inline T atomicOr(T* place, T v) {
    return __atomic_fetch_or(place, v, __ATOMIC_RELAXED);
}
template <typename T> static inline T atomicCAS(T* place, T expected, T v) {
    __atomic_compare_exchange_n(place, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return expected;
}
template <typename T> static inline T atomicMax(T* place, T v) {
    T old = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (old < v && !__atomic_compare_exchange_n(place, &old, v, false, __ATOMIC_RELAXED,
                                                   __ATOMIC_RELAXED)) {}
    return old;
}
template <> inline float atomicAdd<float>(float* place, float v) {
    int old = __atomic_load_n((int*)place, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n((int*)place, &old, __float_as_int(__int_as_float(old) + v),
                                        false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    return __int_as_float(old);
}
