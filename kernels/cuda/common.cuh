// What the kernels share. The launcher pastes this text into each file that includes it.
//
// Indices: offsets into arrays are 64 bits wide (`Long`); coordinates inside one image are `int`,
// for a division of 32 bits takes a fifth of the time. Helpers in which threads wait for each other
// are named warp_… (32 threads, no lane may be missing) or block_… (all threads of the block).

typedef long long Long;

// A loop over 0 … n − 1 that is right for any number of threads: each takes its own index, then
// the one that lies a whole grid further on, so that neighbours touch neighbouring memory.
#define GRID_STRIDE(i, n) \
    for (Long i = (Long)blockIdx.x * blockDim.x + threadIdx.x; i < (n); \
         i += (Long)gridDim.x * blockDim.x)

// Shared memory whose size the launch gives. (The emulator has its own.)
#ifndef DYN_SHARED
#define DYN_SHARED(type, name) extern __shared__ type name[]
#endif

#define ALL_LANES 0xffffffffu

__device__ __forceinline__ float infinity() { return __int_as_float(0x7f800000); }

__device__ __forceinline__ bool is_nan(float v) { return v != v; }

__device__ __forceinline__ bool is_finite(float v) { return v - v == 0.0f; }

// Where the challenger takes the place of the best: it is larger, or NaN. So the first of equals
// stays, and a NaN is beaten by nothing but a later NaN.
__device__ __forceinline__ bool beats(float challenger, float best) {
    return challenger > best || is_nan(challenger);
}

// The larger one; NaN where one of them is. (fmaxf would leave a NaN out.)
__device__ __forceinline__ float larger(float a, float b) { return a > b || is_nan(a) ? a : b; }

// bfloat16 is the upper half of a float. To the nearest one, at a tie to the even one; beyond the
// largest comes ∞, and a NaN stays one. (cuda_bf16.h is not where NVRTC finds it.)
__device__ __forceinline__ unsigned short to_bfloat16(float v) {
    unsigned bits = __float_as_uint(v);
    if (is_nan(v)) return (unsigned short)(bits >> 16 | 0x40u);
    return (unsigned short)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

__device__ __forceinline__ float from_bfloat16(unsigned short v) {
    return __int_as_float((int)((unsigned)v << 16));
}

__device__ __forceinline__ float round_bfloat16(float v) { return from_bfloat16(to_bfloat16(v)); }

// Do these arrays begin at multiples of 16 bytes, where four floats are one word of memory? One that
// is not there (null) does.
__device__ __forceinline__ bool is_quad(const void* a, const void* b, const void* c = nullptr) {
    return (((size_t)a | (size_t)b | (size_t)c) & 15) == 0;
}

// W neighbouring values: those of one word of memory, or one. Places are counted in packs.
template <int W> struct Pack { float at[W]; };

template <int W> __device__ __forceinline__ Pack<W> load(const float* array, Long place) {
    if constexpr (W == 1) return {{array[place]}};
    else {
        float4 v = ((const float4*)array)[place];
        return {{v.x, v.y, v.z, v.w}};
    }
}

template <int W> __device__ __forceinline__ void store(float* array, Long place, const Pack<W>& v) {
    if constexpr (W == 1) array[place] = v.at[0];
    else ((float4*)array)[place] = make_float4(v.at[0], v.at[1], v.at[2], v.at[3]);
}

// The same of bfloat16, of which eight are one word.
template <int W> __device__ __forceinline__ Pack<W> load(const unsigned short* array, Long place) {
    if constexpr (W == 1) return {{from_bfloat16(array[place])}};
    else {
        float4 word = ((const float4*)array)[place];
        float pairs[4] = {word.x, word.y, word.z, word.w};
        Pack<W> v;
        #pragma unroll
        for (int k = 0; k < 4; k++) {
            unsigned bits = __float_as_uint(pairs[k]);  // two of them, the first one below
            v.at[2 * k] = from_bfloat16((unsigned short)bits);
            v.at[2 * k + 1] = __int_as_float((int)(bits & 0xffff0000u));
        }
        return v;
    }
}

template <int W>
__device__ __forceinline__ void store(unsigned short* array, Long place, const Pack<W>& v) {
    if constexpr (W == 1) array[place] = to_bfloat16(v.at[0]);
    else {
        float pairs[4];
        #pragma unroll
        for (int k = 0; k < 4; k++) {
            unsigned low = to_bfloat16(v.at[2 * k]), high = to_bfloat16(v.at[2 * k + 1]);
            pairs[k] = __int_as_float((int)(high << 16 | low));
        }
        ((float4*)array)[place] = make_float4(pairs[0], pairs[1], pairs[2], pairs[3]);
    }
}

__device__ __forceinline__ int ceil_div(int a, int b) { return (a + b - 1) / b; }

// The sum over the 32 lanes of a warp, in every lane: pairs, then fours, … always in one order.
template <typename T> __device__ __forceinline__ T warp_sum(T v) {
    for (int by = 16; by > 0; by /= 2) v += __shfl_xor_sync(ALL_LANES, v, by);
    return v;
}

__device__ __forceinline__ float warp_max(float v) {
    for (int by = 16; by > 0; by /= 2) v = larger(__shfl_xor_sync(ALL_LANES, v, by), v);
    return v;
}

// A value folded over the threads of a block that have one threadIdx.y, in each of them: by
// warp_fold over each warp, then over the warps' results. none: what changes no result.
// parts: 32 numbers of shared memory for each y; blockDim.x is a multiple of 32, blockDim.z is 1.
template <typename T, typename F>
__device__ __forceinline__ T block_fold(T v, T none, T* parts, F warp_fold) {
    v = warp_fold(v);
    if (blockDim.x == 32) return v;  // one warp has nobody to wait for
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    parts += 32 * threadIdx.y;
    if (lane == 0) parts[warp] = v;
    __syncthreads();
    v = warp_fold(lane < warps ? parts[lane] : none);
    __syncthreads();  // the next call may write to parts
    return v;
}

template <typename T> __device__ __forceinline__ T block_sum(T v, T* parts) {
    return block_fold(v, T(0), parts, [](T a) { return warp_sum(a); });
}

__device__ __forceinline__ float block_max(float v, float* parts) {
    return block_fold(v, -infinity(), parts, [](float a) { return warp_max(a); });
}

// A value folded over the threads of a block that have one threadIdx.x, in each of them, in the
// order of y. parts: a number of shared memory for each thread; blockDim.z is 1.
template <typename T, typename F>
__device__ __forceinline__ T block_column(T v, T* parts, F combine) {
    if (blockDim.y == 1) return v;
    parts[threadIdx.y * blockDim.x + threadIdx.x] = v;
    __syncthreads();
    v = parts[threadIdx.x];
    for (unsigned y = 1; y < blockDim.y; y++) v = combine(v, parts[y * blockDim.x + threadIdx.x]);
    __syncthreads();  // as above
    return v;
}
