// bfloat16 of float32 arrays, element by element (ops/bfloat16.py says what for).
//
// Shapes: x, y (n); products (rows, columns) with b (columns).
// Thread → four neighbouring elements, read and written as one word where the arrays begin at a
// multiple of 16 bytes; then on with the stride of the grid. add_and_round: one element.
// Bytes for each element: round 4 + 4, narrow 4 + 2, add_and_round 4 + 4. FLOPs: none but b's one
// addition: memory decides.

#include "../common.cuh"

struct __align__(8) Quad { unsigned short x, y, z, w; };  // four of bfloat16

// Thread → elements 4 i … 4 i + 3: y is x rounded, in float32.
extern "C" __global__ void __launch_bounds__(256)
bfloat16_round(const float* __restrict__ x,  // (n)
               float* __restrict__ y,        // (n)
               Long n)
{
    Long quads = is_quad(x, y) ? n / 4 : 0;
    GRID_STRIDE(i, quads) {
        float4 v = ((const float4*)x)[i];
        ((float4*)y)[i] = make_float4(round_bfloat16(v.x), round_bfloat16(v.y),
                                      round_bfloat16(v.z), round_bfloat16(v.w));
    }
    GRID_STRIDE(k, n - 4 * quads) y[4 * quads + k] = round_bfloat16(x[4 * quads + k]);
}

// Thread → elements 4 i … 4 i + 3: y is x rounded, its upper 16 bits alone.
extern "C" __global__ void __launch_bounds__(256)
bfloat16_narrow(const float* __restrict__ x,     // (n)
                unsigned short* __restrict__ y,  // (n)
                Long n)
{
    Long quads = is_quad(x, y) ? n / 4 : 0;
    GRID_STRIDE(i, quads) {
        float4 v = ((const float4*)x)[i];
        Quad narrow = {to_bfloat16(v.x), to_bfloat16(v.y), to_bfloat16(v.z), to_bfloat16(v.w)};
        ((Quad*)y)[i] = narrow;
    }
    GRID_STRIDE(k, n - 4 * quads) y[4 * quads + k] = to_bfloat16(x[4 * quads + k]);
}

// Thread → one element of products in float32, in place: the rounded b is added where there is one,
// and the sum is rounded.
extern "C" __global__ void __launch_bounds__(256)
bfloat16_add_and_round(float* __restrict__ y,        // (rows, columns)
                       const float* __restrict__ b,  // (columns) or null
                       Long rows, Long columns)
{
    GRID_STRIDE(i, rows * columns) {
        float sum = b ? y[i] + round_bfloat16(b[i % columns]) : y[i];
        y[i] = round_bfloat16(sum);
    }
}
