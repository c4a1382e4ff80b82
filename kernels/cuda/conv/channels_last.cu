// Images with their channels second ↔ with their channels last, as cuDNN reads them fastest: one
// pass turns the axes, adds the bias on the way back, and changes the type where it is asked to.
//
// Shapes: x (N, C, L) in float32 ↔ y (N, L, C) in float32 or bfloat16; L: all pixels of an image;
// b (C).
// Block → a tile of 1024 places of one image, then on with the stride of the grid. Neighbouring
// threads read neighbours, and, after a turn in shared memory, write neighbours.
// A tile is 32 × 32, or as narrow as the narrower axis: an image of 3 channels is turned in tiles
// of 4 × 256. In shared memory it lies along its longer side, with some places free behind each
// such line: 32 lanes that go across the lines then meet 32 different banks, too.
// Bytes for each element: 4 + 4, with bfloat16 4 + 2. FLOPs: b's one addition.

#include "../common.cuh"

#define BITS 10             // a tile has 2^BITS places: 2^down rows of 2^(BITS - down)
#define PLACES (1 << BITS)
#define HELD (PLACES + 32)  // with those that are left free
#define AT_ONCE 4           // elements that a thread reads together

// Part of a matrix (R, K) at `from`, a tile or what is left of one, to that of (K, R) at `to`.
// change(value, column of the tile): what is written for a value.
template <typename From, typename To, typename Change>
__device__ __forceinline__ void turn_tile(const From* from, To* to, To* held, Long R, Long K,
                                          int rows, int columns, int down, Change change)
{
    int across = BITS - down, longer = max(down, across);
    int pitch = (1 << longer) + (32 >> (BITS - longer));  // 32 places for all lines
    int by_row = longer == across ? pitch : 1, by_column = longer == across ? 1 : pitch;
    for (int first = threadIdx.x; first < PLACES; first += AT_ONCE * blockDim.x) {
        To v[AT_ONCE];  // all of them are under way before the first is waited for
        #pragma unroll
        for (int j = 0; j < AT_ONCE; j++) {
            int k = first + j * blockDim.x;  // beyond the edge stands its neighbour: no branches
            int r = min(k >> across, rows - 1), c = min(k & ((1 << across) - 1), columns - 1);
            v[j] = change(from[r * K + c], c);
        }
        #pragma unroll
        for (int j = 0; j < AT_ONCE; j++) {
            int k = first + j * blockDim.x, r = k >> across, c = k & ((1 << across) - 1);
            if (r < rows && c < columns) held[r * by_row + c * by_column] = v[j];
        }
    }
    __syncthreads();  // the tile is whole
    #pragma unroll 4
    for (int k = threadIdx.x; k < PLACES; k += blockDim.x) {
        int c = k >> down, r = k & ((1 << down) - 1);
        if (r < rows && c < columns) to[c * R + r] = held[r * by_row + c * by_column];
    }
    __syncthreads();  // the next one may be written
}

// N matrices (R, K), one behind the other, to N of (K, R). Block → tiles: x along K, y along R, z
// along N. change(value, column): what is written for a value.
template <typename From, typename To, typename Change>
__device__ __forceinline__ void turn(const From* from, To* to, To* held, Long N, Long R, Long K,
                                     int down, Change change)
{
    Long tall = 1 << down, wide = 1 << (BITS - down);
    for (Long n = blockIdx.z; n < N; n += gridDim.z)
        for (Long r = blockIdx.y * tall; r < R; r += gridDim.y * tall)
            for (Long c = blockIdx.x * wide; c < K; c += gridDim.x * wide)
                turn_tile(from + (n * R + r) * K + c, to + (n * K + c) * R + r, held, R, K,
                          (int)min(tall, R - r), (int)min(wide, K - c), down,
                          [=](From v, int column) { return change(v, c + column); });
}

// Block → tiles, in turn; thread → elements of a tile. Every bit stays what it is.
extern "C" __global__ void __launch_bounds__(256)
channels_last(const float* __restrict__ x,  // (N, C, L)
              float* __restrict__ y,        // (N, L, C)
              Long N, Long C, Long L, int down)
{
    __shared__ float held[HELD];
    turn(x, y, held, N, C, L, down, [](float v, Long) { return v; });
}

// Block → tiles, in turn; thread → elements of a tile. b is added where there is one; without,
// every bit stays what it is.
extern "C" __global__ void __launch_bounds__(256)
channels_second(const float* __restrict__ y,  // (N, L, C)
                const float* __restrict__ b,  // (C) or null
                float* __restrict__ x,        // (N, C, L)
                Long N, Long C, Long L, int down)
{
    __shared__ float held[HELD];
    turn(y, x, held, N, L, C, down, [=](float v, Long c) { return b ? v + b[c] : v; });
}

// Block → tiles, in turn; thread → elements of a tile.
extern "C" __global__ void __launch_bounds__(256)
channels_last_narrow(const float* __restrict__ x,     // (N, C, L)
                     unsigned short* __restrict__ y,  // (N, L, C)
                     Long N, Long C, Long L, int down)
{
    __shared__ unsigned short held[HELD];
    turn(x, y, held, N, C, L, down, [](float v, Long) { return to_bfloat16(v); });
}

// Block → tiles, in turn; thread → elements of a tile. The rounded b is added where there is one,
// and the sum is rounded.
extern "C" __global__ void __launch_bounds__(256)
channels_second_widen(const unsigned short* __restrict__ y,  // (N, L, C)
                      const float* __restrict__ b,           // (C) or null
                      float* __restrict__ x,                 // (N, C, L)
                      Long N, Long C, Long L, int down)
{
    __shared__ float held[HELD];
    turn(y, x, held, N, L, C, down, [=](unsigned short narrow, Long c) {
        float v = from_bfloat16(narrow);
        return b ? round_bfloat16(v + round_bfloat16(b[c])) : v;
    });
}
