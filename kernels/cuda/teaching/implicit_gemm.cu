// A convolution as a product of matrices whose columns are never written down (implicit GEMM).
//
// im2col makes of x a matrix of (C KH KW) × (OH OW) for each image, nine times as large as x for a
// kernel of 3 × 3, writes it to memory and reads it again. Here a block copies the elements that it
// needs of that matrix from x straight to shared memory: gemm_tiled with another way to find b.
//
// Shapes: x (N, C, H, W), w (OC, C, KH, KW) → y (N, OC, OH, OW); one group.
// As matrices: a = w (OC, C KH KW), b = columns (C KH KW, N OH OW), c = y, images outermost.
// FLOPs: 2 OC (C KH KW) (N OH OW). Bytes: 4 (|x| + |w| + |y|), each element of x fetched from the
// cache OC / TILE · KH · KW times. Memory that im2col would take: none.

#include "../common.cuh"

#define TILE 32   // of y: TILE channels × TILE places for each block
#define DEPTH 16  // how many rows of the columns are in shared memory at a time
#define OWN 2     // of y: OWN × OWN elements for each thread

// Block (16 × 16 threads) → a tile of c; thread (x, y) → OWN × OWN elements of it, 16 apart.
extern "C" __global__ void __launch_bounds__(256)
conv_implicit_gemm(const float* __restrict__ x,  // (N, C, H, W)
                   const float* __restrict__ w,  // (OC, C, KH, KW)
                   float* __restrict__ y,        // (N, OC, OH, OW)
                   Long N, int C, int H, int W, int OC, int KH, int KW, int SH, int SW,
                   int PH, int PW, int DH, int DW, int OH, int OW)
{
    __shared__ float tile_w[TILE][DEPTH + 1];
    __shared__ float tile_x[DEPTH][TILE];
    Long K = (Long)C * KH * KW, windows = (Long)OH * OW, places = N * windows;
    Long top = (Long)blockIdx.y * TILE, left = (Long)blockIdx.x * TILE;
    int thread = threadIdx.y * 16 + threadIdx.x;
    float sum[OWN][OWN] = {};

    for (Long start = 0; start < K; start += DEPTH) {
        for (int e = thread; e < TILE * DEPTH; e += 256) {
            Long oc = top + e / DEPTH, k = start + e % DEPTH;
            tile_w[e / DEPTH][e % DEPTH] = oc < OC && k < K ? w[oc * K + k] : 0.0f;
        }
        for (int e = thread; e < TILE * DEPTH; e += 256) {
            Long k = start + e / TILE, place = left + e % TILE;
            float value = 0.0f;
            if (k < K && place < places) {
                int j = (int)(k % KW), i = (int)(k / KW % KH), c = (int)(k / KW / KH);
                Long n = place / windows, window = place % windows;
                int h = (int)(window / OW) * SH - PH + i * DH;
                int v = (int)(window % OW) * SW - PW + j * DW;
                if (h >= 0 && h < H && v >= 0 && v < W) value = x[((n * C + c) * H + h) * W + v];
            }
            tile_x[e / TILE][e % TILE] = value;
        }
        __syncthreads();
        for (int k = 0; k < DEPTH; k++)
            for (int i = 0; i < OWN; i++)
                for (int j = 0; j < OWN; j++)
                    sum[i][j] += tile_w[threadIdx.y + 16 * i][k] * tile_x[k][threadIdx.x + 16 * j];
        __syncthreads();
    }

    for (int i = 0; i < OWN; i++) {
        for (int j = 0; j < OWN; j++) {
            Long oc = top + threadIdx.y + 16 * i, place = left + threadIdx.x + 16 * j;
            if (oc >= OC || place >= places) continue;
            y[(place / windows * OC + oc) * windows + place % windows] = sum[i][j];
        }
    }
}
