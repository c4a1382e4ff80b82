// Element by element on packed images (packed/array.py): bfloat16, channels last, so that one place
// of all arrays is one place of the image.
//
// Shapes: x, y, a, b, gy, gx (n); bias (C), the fastest axis of y.
// Thread → eight neighbouring elements, read and written as one word of 16 bytes where the arrays
// begin at a multiple of that; then on with the stride of the grid.
// Bytes for each element: relu_forward and add_bias 2 + 2, the others 4 + 2. FLOPs: 1 or 2, and 6
// integer steps to round: memory decides. Sums are made in float32 and rounded once.

#include "../common.cuh"

#define W 8  // of bfloat16 in one word

// y[i] = f(x[i])
template <typename F>
__device__ __forceinline__ void
map(const unsigned short* x, unsigned short* y, Long n, F f) {
    Long packs = is_quad(x, y) ? n / W : 0;
    GRID_STRIDE(i, packs) {
        Pack<W> v = load<W>(x, i);
        #pragma unroll
        for (int k = 0; k < W; k++) v.at[k] = f(v.at[k]);
        store<W>(y, i, v);
    }
    GRID_STRIDE(k, n - W * packs) {
        Long i = W * packs + k;
        y[i] = to_bfloat16(f(from_bfloat16(x[i])));
    }
}

// y[i] = f(a[i], b[i])
template <typename F>
__device__ __forceinline__ void
map(const unsigned short* a, const unsigned short* b, unsigned short* y, Long n, F f) {
    Long packs = is_quad(a, b, y) ? n / W : 0;
    GRID_STRIDE(i, packs) {
        Pack<W> u = load<W>(a, i), v = load<W>(b, i);
        #pragma unroll
        for (int k = 0; k < W; k++) u.at[k] = f(u.at[k], v.at[k]);
        store<W>(y, i, u);
    }
    GRID_STRIDE(k, n - W * packs) {
        Long i = W * packs + k;
        y[i] = to_bfloat16(f(from_bfloat16(a[i]), from_bfloat16(b[i])));
    }
}

// A comparison with NaN is false, so NaN goes on.
extern "C" __global__ void __launch_bounds__(256)
packed_relu_forward(const unsigned short* __restrict__ x,  // (n)
                    unsigned short* __restrict__ y,        // (n)
                    Long n)
{
    map(x, y, n, [](float v) { return v <= 0.0f ? 0.0f : v; });
}

// Also the derivative of add_relu, by either input.
extern "C" __global__ void __launch_bounds__(256)
packed_relu_backward(const unsigned short* __restrict__ gy,  // (n)
                     const unsigned short* __restrict__ y,   // (n)
                     unsigned short* __restrict__ gx,        // (n)
                     Long n)
{
    map(gy, y, gx, n, [](float g, float v) { return v <= 0.0f ? 0.0f : g; });
}

extern "C" __global__ void __launch_bounds__(256)
packed_add(const unsigned short* __restrict__ a,  // (n)
           const unsigned short* __restrict__ b,  // (n)
           unsigned short* __restrict__ y,        // (n)
           Long n)
{
    map(a, b, y, n, [](float u, float v) { return u + v; });
}

extern "C" __global__ void __launch_bounds__(256)
packed_add_relu(const unsigned short* __restrict__ a,  // (n)
                const unsigned short* __restrict__ b,  // (n)
                unsigned short* __restrict__ y,        // (n)
                Long n)
{
    map(a, b, y, n, [](float u, float v) {
        float sum = u + v;
        return sum <= 0.0f ? 0.0f : sum;
    });
}

// y plus the rounded bias, in place.
extern "C" __global__ void __launch_bounds__(256)
packed_add_bias(unsigned short* __restrict__ y,  // (pixels, C)
                const float* __restrict__ bias,  // (C)
                Long pixels, Long C)
{
    Long n = pixels * C, packs = C % W == 0 && is_quad(y, nullptr) ? n / W : 0;
    GRID_STRIDE(i, packs) {
        Pack<W> v = load<W>(y, i);
        Long c = W * i % C;
        #pragma unroll
        for (int k = 0; k < W; k++) v.at[k] += round_bfloat16(bias[c + k]);
        store<W>(y, i, v);
    }
    GRID_STRIDE(k, n - W * packs) {
        Long i = W * packs + k;
        y[i] = to_bfloat16(from_bfloat16(y[i]) + round_bfloat16(bias[i % C]));
    }
}
