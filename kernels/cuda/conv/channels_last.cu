// Images with their channels second ↔ with their channels last, as cuDNN reads them fastest on
// tensor cores: one pass turns the axes, adds the bias on the way back, and changes the type where
// it is asked to.
//
// Shapes: x (N, C, L) in float32 ↔ y (N, L, C) in float32 or bfloat16; L: all pixels of an image;
// b (C).
// Block → a tile of 4096 places of one image, then on with the stride of the grid. Neighbouring
// threads read neighbours, and, after a turn in shared memory, write neighbours.
// A tile is 64 × 64, or narrower where an axis is: an image of 3 channels is turned in tiles of
// 4 × 1024. In shared memory it lies along its longer side, with some places free behind each
// such line: 32 lanes that go across the lines then meet 32 different banks, too.
// Bytes for each element: 4 + 4, with bfloat16 4 + 2. FLOPs: b's one addition.

#include "../common.cuh"

#define BITS 12         // a tile has 2^BITS places: 2^DOWN rows of 2^ACROSS
#define BLOCK_BITS 8    // a block has 2^BLOCK_BITS threads
#define AT_ONCE 8       // places that a thread reads together
#define HELD (64 * 65)  // places in shared memory, with those that are left free

// A thread's places in a tile 2^ACROSS wide: n of them, from row r, column c on, each one 2^STEP
// rows, or 2^STEP columns, behind the one before it. So pointers go on by one number, and which
// places lie beyond the edge is known beforehand.
template <int ACROSS> struct Places {
    static constexpr bool DOWN = ACROSS <= BLOCK_BITS;  // else a thread stays in its row
    static constexpr int SIDE = DOWN ? ACROSS : ACROSS + BLOCK_BITS - BITS;  // 2^SIDE in a row
    static constexpr int STEP = DOWN ? BLOCK_BITS - ACROSS : SIDE;
    int r, c, n;
};

// rows, columns: of the tile, as far as they are there.
template <int ACROSS> __device__ __forceinline__ Places<ACROSS> places(int rows, int columns) {
    using P = Places<ACROSS>;
    int r = threadIdx.x >> P::SIDE, c = threadIdx.x & ((1 << P::SIDE) - 1);
    int left = P::DOWN ? rows - r : columns - c;
    bool any = P::DOWN ? c < columns : r < rows;
    return P{r, c, any ? (left + (1 << P::STEP) - 1) >> P::STEP : 0};
}

// Where the first one lies, and how far it is to the next, if it is `row` to the next row.
template <int ACROSS, typename T>
__device__ __forceinline__ T first(Places<ACROSS> p, T row, T column) {
    return p.r * row + p.c * column;
}
template <int ACROSS, typename T>
__device__ __forceinline__ T step(Places<ACROSS>, T row, T column) {
    return (Places<ACROSS>::DOWN ? row : column) << Places<ACROSS>::STEP;
}

__device__ __forceinline__ float wide(float v) { return v; }
__device__ __forceinline__ float wide(unsigned short v) { return from_bfloat16(v); }
__device__ __forceinline__ void write(float* to, float v) { *to = v; }
__device__ __forceinline__ void write(unsigned short* to, float v) { *to = to_bfloat16(v); }

// group(how many) until n are done: AT_ONCE each time, which the compiler makes a body of its own
// of that asks no questions, and then the rest.
template <typename F> __device__ __forceinline__ void in_groups(int n, F group) {
    #pragma unroll 1
    for (; n >= AT_ONCE; n -= AT_ONCE) group(AT_ONCE);
    if (n > 0) group(n);
}

// Part of a matrix (R, K) at `from`, a tile or what is left of one, to that of (K, R) at `to`.
// change(value, column of the tile): what is written for a value.
template <int DOWN, typename From, typename To, typename Change>
__device__ __forceinline__ void turn_tile(const From* from, To* to, float* held, Long R, Long K,
                                          int rows, int columns, Change change)
{
    constexpr int ACROSS = BITS - DOWN, LINES = DOWN < ACROSS ? DOWN : ACROSS;  // 2^LINES lines
    constexpr int PITCH = (1 << (BITS - LINES)) + (LINES < 5 ? 32 >> LINES : 1);
    constexpr int BY_ROW = ACROSS > DOWN ? PITCH : 1, BY_COLUMN = ACROSS > DOWN ? 1 : PITCH;

    auto p = places<ACROSS>(rows, columns);
    float* put = held + first(p, BY_ROW, BY_COLUMN);
    from += first(p, K, (Long)1);
    Long far = step(p, K, (Long)1);
    int near = step(p, BY_ROW, BY_COLUMN), aside = step(p, 0, 1);
    in_groups(p.n, [&](int n) {
        float v[AT_ONCE];  // all of them are under way before the first is waited for
        #pragma unroll
        for (int j = 0; j < AT_ONCE; j++) if (j < n) v[j] = wide(from[j * far]);
        #pragma unroll
        for (int j = 0; j < AT_ONCE; j++)
            if (j < n) put[j * near] = change(v[j], p.c + j * aside);
        from += AT_ONCE * far, put += AT_ONCE * near, p.c += AT_ONCE * aside;
    });
    __syncthreads();  // the tile is whole

    auto q = places<DOWN>(columns, rows);  // of the turned tile: its rows are the columns here
    const float* take = held + first(q, BY_COLUMN, BY_ROW);
    to += first(q, R, (Long)1);
    far = step(q, R, (Long)1), near = step(q, BY_COLUMN, BY_ROW);
    in_groups(q.n, [&](int n) {
        #pragma unroll
        for (int j = 0; j < AT_ONCE; j++) if (j < n) write(to + j * far, take[j * near]);
        to += AT_ONCE * far, take += AT_ONCE * near;
    });
    __syncthreads();  // the next one may be written
}

// N matrices (R, K), one behind the other, to N of (K, R). Block → tiles: x along K, y along R, z
// along N. change(value, column): what is written for a value.
template <int DOWN, typename From, typename To, typename Change>
__device__ __forceinline__ void turn_by(const From* from, To* to, float* held, Long N, Long R,
                                        Long K, Change change)
{
    constexpr Long TALL = 1 << DOWN, BROAD = 1 << (BITS - DOWN);
    for (Long n = blockIdx.z; n < N; n += gridDim.z)
        for (Long r = blockIdx.y * TALL; r < R; r += gridDim.y * TALL)
            for (Long c = blockIdx.x * BROAD; c < K; c += gridDim.x * BROAD)
                turn_tile<DOWN>(from + (n * R + r) * K + c, to + (n * K + c) * R + r, held, R, K,
                                (int)min(TALL, R - r), (int)min(BROAD, K - c),
                                [=](float v, int column) { return change(v, c + column); });
}

// The same; down: a tile has 2^down rows.
template <typename From, typename To, typename Change>
__device__ __forceinline__ void turn(const From* from, To* to, float* held, Long N, Long R, Long K,
                                     int down, Change change)
{
    switch (down) {
        case 2: return turn_by<2>(from, to, held, N, R, K, change);
        case 4: return turn_by<4>(from, to, held, N, R, K, change);
        case 6: return turn_by<6>(from, to, held, N, R, K, change);
        case 8: return turn_by<8>(from, to, held, N, R, K, change);
        case 10: return turn_by<10>(from, to, held, N, R, K, change);
    }
}

// Block → tiles, in turn; thread → places of a tile. Every bit stays what it is.
extern "C" __global__ void __launch_bounds__(256, 4)
channels_last(const float* __restrict__ x,  // (N, C, L)
              float* __restrict__ y,        // (N, L, C)
              Long N, Long C, Long L, int down)
{
    __shared__ float held[HELD];
    turn(x, y, held, N, C, L, down, [](float v, Long) { return v; });
}

// Block → tiles, in turn; thread → places of a tile. b is added where there is one; without, every
// bit stays what it is.
extern "C" __global__ void __launch_bounds__(256, 4)
channels_second(const float* __restrict__ y,  // (N, L, C)
                const float* __restrict__ b,  // (C) or null
                float* __restrict__ x,        // (N, C, L)
                Long N, Long C, Long L, int down)
{
    __shared__ float held[HELD];
    turn(y, x, held, N, L, C, down, [=](float v, Long c) { return b ? v + b[c] : v; });
}

// Block → tiles, in turn; thread → places of a tile.
extern "C" __global__ void __launch_bounds__(256, 4)
channels_last_narrow(const float* __restrict__ x,     // (N, C, L)
                     unsigned short* __restrict__ y,  // (N, L, C)
                     Long N, Long C, Long L, int down)
{
    __shared__ float held[HELD];
    turn(x, y, held, N, C, L, down, [](float v, Long) { return v; });
}

// Block → tiles, in turn; thread → places of a tile. The rounded b is added where there is one,
// and the sum is rounded.
extern "C" __global__ void __launch_bounds__(256, 4)
channels_second_widen(const unsigned short* __restrict__ y,  // (N, L, C)
                      const float* __restrict__ b,           // (C) or null
                      float* __restrict__ x,                 // (N, C, L)
                      Long N, Long C, Long L, int down)
{
    __shared__ float held[HELD];
    turn(y, x, held, N, L, C, down, [=](float v, Long c) {
        return b ? round_bfloat16(v + round_bfloat16(b[c])) : v;
    });
}
