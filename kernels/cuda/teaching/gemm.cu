// A product of matrices, c = a · b, in two steps: as one writes it down, and with tiles.
//
// Shapes: a (M, K), b (K, N) → c (M, N), rows one after the other.
// FLOPs: 2 M N K. Bytes that must be moved: 4 (M K + K N + M N). For M = N = K = 4096 that makes
// 137 GFLOP for 201 MB: 683 FLOP for each byte, far beyond what memory asks for (an H200 computes
// 67 TFLOP/s in float32 and moves 4.3 TB/s, 16 FLOP for each byte). So it is arithmetic that
// decides, unless every thread fetches its own operands again and again.

#include "../common.cuh"

// Thread (x, y) → c[m, n] with n along x, so that a warp reads 32 neighbours of b's row.
// Each element of a is fetched N times and each of b M times: 8 bytes for every 2 FLOPs.
extern "C" __global__ void __launch_bounds__(256)
gemm_plain(const float* __restrict__ a,  // (M, K)
           const float* __restrict__ b,  // (K, N)
           float* __restrict__ c,        // (M, N)
           Long M, Long N, Long K)
{
    Long below = (Long)gridDim.y * blockDim.y;
    for (Long m = (Long)blockIdx.y * blockDim.y + threadIdx.y; m < M; m += below) {
        GRID_STRIDE(n, N) {
            float sum = 0.0f;
            for (Long k = 0; k < K; k++) sum += a[m * K + k] * b[k * N + n];
            c[m * N + n] = sum;
        }
    }
}

#define TILE 64   // of c: TILE × TILE elements for each block
#define DEPTH 16  // how much of K is in shared memory at a time
#define OWN 4     // of c: OWN × OWN elements for each thread, in registers

// Block (16 × 16 threads) → a tile of c; thread (x, y) → OWN × OWN elements of it, 16 apart; so
// neighbouring threads read neighbouring columns. Step by step along K:
//   1. the block copies TILE × DEPTH of a and DEPTH × TILE of b to shared memory, 0 outside;
//   2. __syncthreads: everything is there;
//   3. each thread multiplies its OWN rows with its OWN columns: 2 OWN numbers read, OWN² products;
//   4. __syncthreads: nobody reads any more, and the next step may overwrite the tiles.
// An element of a is now fetched N / TILE times. Shared: 2 · TILE · DEPTH · 4 = 8 KB for a block.
// (The tile of a has one column more than it needs: so a column's elements lie in different banks.)
extern "C" __global__ void __launch_bounds__(256, 2)
gemm_tiled(const float* __restrict__ a,  // (M, K)
           const float* __restrict__ b,  // (K, N)
           float* __restrict__ c,        // (M, N)
           Long M, Long N, Long K)
{
    __shared__ float tile_a[TILE][DEPTH + 1];
    __shared__ float tile_b[DEPTH][TILE];
    Long top = (Long)blockIdx.y * TILE, left = (Long)blockIdx.x * TILE;
    int thread = threadIdx.y * 16 + threadIdx.x;
    float sum[OWN][OWN] = {};

    for (Long start = 0; start < K; start += DEPTH) {
        for (int e = thread; e < TILE * DEPTH; e += 256) {
            Long m = top + e / DEPTH, k = start + e % DEPTH;
            tile_a[e / DEPTH][e % DEPTH] = m < M && k < K ? a[m * K + k] : 0.0f;
        }
        for (int e = thread; e < TILE * DEPTH; e += 256) {
            Long k = start + e / TILE, n = left + e % TILE;
            tile_b[e / TILE][e % TILE] = k < K && n < N ? b[k * N + n] : 0.0f;
        }
        __syncthreads();
        for (int k = 0; k < DEPTH; k++) {
            float row[OWN], column[OWN];
            for (int i = 0; i < OWN; i++) row[i] = tile_a[threadIdx.y + 16 * i][k];
            for (int j = 0; j < OWN; j++) column[j] = tile_b[k][threadIdx.x + 16 * j];
            for (int i = 0; i < OWN; i++)
                for (int j = 0; j < OWN; j++) sum[i][j] += row[i] * column[j];
        }
        __syncthreads();
    }

    for (int i = 0; i < OWN; i++) {
        for (int j = 0; j < OWN; j++) {
            Long m = top + threadIdx.y + 16 * i, n = left + threadIdx.x + 16 * j;
            if (m < M && n < N) c[m * N + n] = sum[i][j];
        }
    }
}
