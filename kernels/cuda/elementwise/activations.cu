// Activation functions: y = f(x), element by element, and gx = gy f'(x).
// (ops/elementwise/activations.py has the formulas and what holds at their kinks.)
//
// Shapes: x, y, gy, gx (n). Thread → four neighbouring elements, read and written as one word of 16
// bytes where the arrays begin at a multiple of that; then on with the stride of the grid.
// Bytes: 8 for each element forward, 12 backward. FLOPs: 1 (relu) to 40 (gelu): memory decides.
//
// A comparison with NaN is false, so the branch that hands NaN on is the one that comes last.

#include "../common.cuh"

// y[i] = f(x[i])
template <typename F> __device__ __forceinline__ void map(const float* x, float* y, Long n, F f) {
    Long quads = is_quad(x, y) ? n / 4 : 0;
    GRID_STRIDE(i, quads) {
        float4 v = ((const float4*)x)[i];
        ((float4*)y)[i] = make_float4(f(v.x), f(v.y), f(v.z), f(v.w));
    }
    GRID_STRIDE(k, n - 4 * quads) y[4 * quads + k] = f(x[4 * quads + k]);
}

// gx[i] = f(gy[i], v[i]), and whatever else is made of two numbers
template <typename F>
__device__ __forceinline__ void map(const float* gy, const float* v, float* gx, Long n, F f) {
    Long quads = is_quad(gy, v, gx) ? n / 4 : 0;
    GRID_STRIDE(i, quads) {
        float4 g = ((const float4*)gy)[i], u = ((const float4*)v)[i];
        ((float4*)gx)[i] = make_float4(f(g.x, u.x), f(g.y, u.y), f(g.z, u.z), f(g.w, u.w));
    }
    GRID_STRIDE(k, n - 4 * quads) gx[4 * quads + k] = f(gy[4 * quads + k], v[4 * quads + k]);
}

__device__ __forceinline__ float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }

extern "C" __global__ void __launch_bounds__(256)
relu_forward(const float* __restrict__ x,  // (n)
             float* __restrict__ y,        // (n)
             Long n)
{
    map(x, y, n, [](float v) { return v <= 0.0f ? 0.0f : v; });
}

extern "C" __global__ void __launch_bounds__(256)
relu_backward(const float* __restrict__ gy,  // (n)
              const float* __restrict__ y,   // (n)
              float* __restrict__ gx,        // (n)
              Long n)
{
    map(gy, y, gx, n, [](float g, float v) { return v <= 0.0f ? 0.0f : g; });
}

extern "C" __global__ void __launch_bounds__(256)
leaky_relu_forward(const float* __restrict__ x,  // (n)
                   float* __restrict__ y,        // (n)
                   Long n, float negative_slope)
{
    map(x, y, n, [=](float v) { return v > 0.0f ? v : negative_slope * v; });
}

extern "C" __global__ void __launch_bounds__(256)
leaky_relu_backward(const float* __restrict__ gy,  // (n)
                    const float* __restrict__ x,   // (n)
                    float* __restrict__ gx,        // (n)
                    Long n, float negative_slope)
{
    map(gy, x, gx, n, [=](float g, float v) { return v > 0.0f ? g : negative_slope * g; });
}

extern "C" __global__ void __launch_bounds__(256)
elu_forward(const float* __restrict__ x,  // (n)
            float* __restrict__ y,        // (n)
            Long n, float alpha)
{
    map(x, y, n, [=](float v) { return v > 0.0f ? v : alpha * expm1f(v); });
}

extern "C" __global__ void __launch_bounds__(256)
elu_backward(const float* __restrict__ gy,  // (n)
             const float* __restrict__ x,   // (n)
             float* __restrict__ gx,        // (n)
             Long n, float alpha)
{
    map(gy, x, gx, n, [=](float g, float v) { return v > 0.0f ? g : g * alpha * expf(v); });
}

extern "C" __global__ void __launch_bounds__(256)
hardtanh_forward(const float* __restrict__ x,  // (n)
                 float* __restrict__ y,        // (n)
                 Long n, float min_val, float max_val)
{
    map(x, y, n, [=](float v) {
        float above = v < min_val ? min_val : v;
        return above > max_val ? max_val : above;
    });
}

extern "C" __global__ void __launch_bounds__(256)
hardtanh_backward(const float* __restrict__ gy,  // (n)
                  const float* __restrict__ x,   // (n)
                  float* __restrict__ gx,        // (n)
                  Long n, float min_val, float max_val)
{
    map(gy, x, gx, n, [=](float g, float v) { return v > min_val && v < max_val ? g : 0.0f; });
}

extern "C" __global__ void __launch_bounds__(256)
sigmoid_forward(const float* __restrict__ x,  // (n)
                float* __restrict__ y,        // (n)
                Long n)
{
    map(x, y, n, [](float v) { return logistic(v); });
}

extern "C" __global__ void __launch_bounds__(256)
sigmoid_backward(const float* __restrict__ gy,  // (n)
                 const float* __restrict__ y,   // (n)
                 float* __restrict__ gx,        // (n)
                 Long n)
{
    map(gy, y, gx, n, [](float g, float v) { return g * v * (1.0f - v); });
}

extern "C" __global__ void __launch_bounds__(256)
tanh_forward(const float* __restrict__ x,  // (n)
             float* __restrict__ y,        // (n)
             Long n)
{
    map(x, y, n, [](float v) { return tanhf(v); });
}

extern "C" __global__ void __launch_bounds__(256)
tanh_backward(const float* __restrict__ gy,  // (n)
              const float* __restrict__ y,   // (n)
              float* __restrict__ gx,        // (n)
              Long n)
{
    map(gy, y, gx, n, [](float g, float v) { return g * (1.0f - v * v); });
}

extern "C" __global__ void __launch_bounds__(256, 4)
silu_forward(const float* __restrict__ x,  // (n)
             float* __restrict__ y,        // (n)
             Long n)
{
    map(x, y, n, [](float v) { return v * logistic(v); });
}

extern "C" __global__ void __launch_bounds__(256, 4)
silu_backward(const float* __restrict__ gy,  // (n)
              const float* __restrict__ x,   // (n)
              float* __restrict__ gx,        // (n)
              Long n)
{
    map(gy, x, gx, n, [](float g, float v) {
        float s = logistic(v);
        return g * s * (1.0f + v * (1.0f - s));
    });
}

// x Φ(x), Φ(x) = (1 + erf(x / √2)) / 2; Φ'(x) = exp(−x² / 2) / √(2π)
extern "C" __global__ void __launch_bounds__(256)
gelu_forward(const float* __restrict__ x,  // (n)
             float* __restrict__ y,        // (n)
             Long n)
{
    map(x, y, n, [](float v) { return v * (0.5f + 0.5f * erff(v * 0.70710678f)); });
}

extern "C" __global__ void __launch_bounds__(256)
gelu_backward(const float* __restrict__ gy,  // (n)
              const float* __restrict__ x,   // (n)
              float* __restrict__ gx,        // (n)
              Long n)
{
    map(gy, x, gx, n, [](float g, float v) {
        float normal = 0.5f + 0.5f * erff(v * 0.70710678f);
        return g * (normal + v * 0.39894228f * expf(-0.5f * v * v));
    });
}

// relu_backward is its derivative, by either input.
extern "C" __global__ void __launch_bounds__(256)
add_relu_forward(const float* __restrict__ a,  // (n)
                 const float* __restrict__ b,  // (n)
                 float* __restrict__ y,        // (n)
                 Long n)
{
    map(a, b, y, n, [](float v, float w) {
        float sum = v + w;
        return sum <= 0.0f ? 0.0f : sum;
    });
}
