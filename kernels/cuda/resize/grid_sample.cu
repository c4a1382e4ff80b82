// grid_sample (ops/resize/grid_sample.py has the equations and what becomes of places outside).
//
// Shapes: x (N, C, H, W), grid (N, OH, OW, 2) → y (N, C, OH, OW); an image has Q = OH · OW points
// and fewer than 2³⁰ pixels.
// Bytes: 8 for each point; in each channel 4 for each pixel and 4 for each output, and what a
// scattered grid reads more than once. FLOPs: about 40 for each point, then in each channel 8
// (bilinear), 32 (bicubic) or none (nearest) for each output.
//
// A product that is added to something is rounded first (__fmul_rn): a place must lie on the same
// side of a pixel's edge as it does on the CPU.

#include "../common.cuh"

#define ZEROS 0
#define BORDER 1
#define REFLECTION 2

// Where a number of the grid lies on an axis of S pixels: u, moved into the image where the padding
// says so, and ∂u/∂g.
__device__ __forceinline__ float place_of(float g, int S, int padding, bool align, float* slope) {
    float size = (float)S;
    float u = align ? __fmul_rn((g + 1.0f) / 2.0f, size - 1.0f)
                    : (__fmul_rn(g + 1.0f, size) - 1.0f) / 2.0f;
    *slope = (align ? size - 1.0f : size) / 2.0f;
    if (padding == ZEROS) return u;
    if (padding == REFLECTION) {
        float low = align ? 0.0f : -0.5f, span = align ? size - 1.0f : size, odd = 0.0f;
        bool before = u < low;
        if (span == 0.0f) {
            u = 0.0f;
        } else {
            float d = fabsf(u - low), flips = floorf(d / span);
            float rest = d - __fmul_rn(flips, span);
            odd = flips - 2.0f * floorf(flips / 2.0f);
            u = rest + odd * (span - 2.0f * rest) + low;
        }
        if ((odd > 0.0f) != before) *slope = -*slope;
    }
    if (!(u > 0.0f && u < size - 1.0f)) *slope *= 0.0f;
    u = u < 0.0f ? 0.0f : u;  // NaN stays
    return u > size - 1.0f ? size - 1.0f : u;
}

// A whole number as an int; what lies beyond ±2³⁰ is outside of any image, and so is NaN.
__device__ __forceinline__ int whole(float u) {
    const float FAR = 1073741824.0f;
    return (int)(u >= -FAR ? (u <= FAR ? u : FAR) : -FAR);
}

// The number of a pixel, moved into the image where the padding says so (bicubic alone).
__device__ __forceinline__ int moved(int i, int S, int padding, bool align) {
    if (padding == REFLECTION) {
        int low = align ? 0 : -1, period = max(align ? 2 * S - 2 : 2 * S, 1);
        i = (i % period + period) % period;
        if (i > S - 1) i = period + low - i;
    }
    return padding == ZEROS ? i : min(max(i, 0), S - 1);
}

// What the T pixels from ⌊u⌋ (or, of four, from the one before it) on weigh. t = u − ⌊u⌋.
template <int T> __device__ __forceinline__ void weights_of(float t, float* w) {
    const float A = -0.75f;
    if (T == 1) w[0] = 1.0f;
    if (T == 2) w[0] = 1.0f - t, w[T - 1] = t;
    if (T == 4) {
        float far = 1.0f + t, back = 1.0f - t, last = 2.0f - t;
        w[0] = ((far - 5.0f) * far + 8.0f) * far * A - 4.0f * A;
        w[1 % T] = ((A + 2.0f) * t - (A + 3.0f)) * t * t + 1.0f;
        w[2 % T] = ((A + 2.0f) * back - (A + 3.0f)) * back * back + 1.0f;
        w[3 % T] = ((last - 5.0f) * last + 8.0f) * last * A - 4.0f * A;
    }
}

// The T rows (or columns) around a point: their numbers, −1 for one outside, and their weights.
// Also writes what the gradient is made of: ⌊u⌋ (rounded to the nearest where T = 1) and ∂u/∂g.
template <int T> __device__ __forceinline__ void taps_of(
    float g, int S, int padding, bool align, int* number, float* w, int* first, float* slope)
{
    float u = place_of(g, S, T == 4 ? ZEROS : padding, align, slope);
    float low = T == 1 ? rintf(u) : floorf(u);  // rintf: halves to the even number
    *first = whole(low);
    for (int k = 0; k < T; k++) {
        int i = *first + k - (T == 4);
        if (T == 4) i = moved(i, S, padding, align);
        number[k] = i >= 0 && i < S ? i : -1;
    }
    weights_of<T>(u - low, w);
}

// Thread (blockIdx.x, threadIdx.x) → one point; blockIdx.y → channels, in turn.
template <int T> __device__ __forceinline__ void sample(
    const float* x, const float* grid, float* y, Long* first, float* slopes, Long N, Long C, int H,
    int W, Long Q, int padding, bool align)
{
    Long pixels = (Long)H * W;
    GRID_STRIDE(point, N * Q) {
        Long n = point / Q, q = point - n * Q;
        int row[T], column[T], top, left;
        float v[T], w[T], slope_down, slope_along;
        taps_of<T>(grid[2 * point + 1], H, padding, align, row, v, &top, &slope_down);
        taps_of<T>(grid[2 * point], W, padding, align, column, w, &left, &slope_along);
        if (blockIdx.y == 0) {
            first[point] = top, first[N * Q + point] = left;
            slopes[point] = slope_down, slopes[N * Q + point] = slope_along;
        }
        for (Long c = blockIdx.y; c < C; c += gridDim.y) {
            const float* image = x + (n * C + c) * pixels;
            float sum = 0.0f;
            for (int i = 0; i < T; i++) {
                for (int j = 0; j < T; j++) {
                    bool inside = row[i] >= 0 && column[j] >= 0;
                    float value = inside ? image[(Long)row[i] * W + column[j]] : 0.0f;
                    sum = T == 1 ? value : sum + value * (v[i] * w[j]);
                }
            }
            y[(n * C + c) * Q + q] = sum;
        }
    }
}

extern "C" __global__ void __launch_bounds__(256)
grid_sample_nearest(const float* __restrict__ x,     // (N, C, H, W)
                    const float* __restrict__ grid,  // (N, Q, 2)
                    float* __restrict__ y,           // (N, C, Q)
                    Long* __restrict__ first,        // (2, N, Q)
                    float* __restrict__ slopes,      // (2, N, Q)
                    Long N, Long C, int H, int W, Long Q, int padding, bool align)
{
    sample<1>(x, grid, y, first, slopes, N, C, H, W, Q, padding, align);
}

extern "C" __global__ void __launch_bounds__(256)
grid_sample_bilinear(const float* __restrict__ x,     // (N, C, H, W)
                     const float* __restrict__ grid,  // (N, Q, 2)
                     float* __restrict__ y,           // (N, C, Q)
                     Long* __restrict__ first,        // (2, N, Q)
                     float* __restrict__ slopes,      // (2, N, Q)
                     Long N, Long C, int H, int W, Long Q, int padding, bool align)
{
    sample<2>(x, grid, y, first, slopes, N, C, H, W, Q, padding, align);
}

extern "C" __global__ void __launch_bounds__(256)
grid_sample_bicubic(const float* __restrict__ x,     // (N, C, H, W)
                    const float* __restrict__ grid,  // (N, Q, 2)
                    float* __restrict__ y,           // (N, C, Q)
                    Long* __restrict__ first,        // (2, N, Q)
                    float* __restrict__ slopes,      // (2, N, Q)
                    Long N, Long C, int H, int W, Long Q, int padding, bool align)
{
    sample<4>(x, grid, y, first, slopes, N, C, H, W, Q, padding, align);
}
