// Group norm and layer norm (ops/norm/group_norm.py and layer_norm.py have the equations).
//
// Shapes: x, y, gy, gx (N, C, S), S is all that follows the channels; one number for each group of
// a sample: mean, var, inverse (σ = 1 / √(v + ε)); for each channel: weight, bias. A row is a group
// of a sample: n = C / G · S values, one behind the other. Layer norm is S = 1 and G = 1, with C
// values in a sample. Bytes for each element: 8 forward; backward 12 for gx and 8 for weight and
// bias. A row is read once and kept in shared memory, or is read twice where it is too long.
// FLOPs: 3 for the statistics and 4; backward 4 and 5.

#include "../common.cuh"

__device__ __forceinline__ double sum_of(double a, double b) { return a + b; }

// (N, C, S) in G groups; a row of n values is one of them.
struct Shape {
    Long N;
    int C, S, G, n;
};

// Where in its row's channels a pack begins: each value has one of its own, or all are of one.
template <int W> __device__ __forceinline__ int channel_of(int pack, int S) {
    return S == 1 ? W * pack : W * pack / S;
}

// The weights (or biases) of a pack; `none` where there are none.
template <int W>
__device__ __forceinline__ Pack<W> by_channel(const float* weight, int c, int S, float none) {
    if (weight && S == 1) return load<W>(weight, c / W);
    Pack<W> same;
    float one = weight ? weight[c] : none;
    for (int i = 0; i < W; i++) same.at[i] = one;
    return same;
}

// May rows be taken by fours? Those arrays too that are not there (null).
__device__ __forceinline__ bool
in_fours(Shape of, const void* a, const void* b, const void* c, const void* weight,
         const void* bias) {
    bool words = is_quad(a, b, c) && (of.S > 1 || is_quad(weight, bias));
    return words && (of.S == 1 ? of.n : of.S) % 4 == 0;
}

// A mean of double precision, taken off in two steps of single precision.
struct Mean { float near, rest; };

__device__ __forceinline__ Mean split(double mean) {
    return {(float)mean, (float)(mean - (float)mean)};
}

__device__ __forceinline__ float centred(float x, Mean mean) { return (x - mean.near) - mean.rest; }

// The places first, first + step … before `end`, M at once: turn(place, there) reads all of them
// (those that are `there`) before it uses the first, so that enough bytes are under way. Sums of a
// turn are in float, those of all turns in double.
template <int M, typename I, typename Turn>
__device__ __forceinline__ void walk(I first, I end, I step, Turn turn) {
    for (I k = first; k < end; k += M * step) {
        I place[M];
        bool there[M];
        #pragma unroll
        for (int j = 0; j < M; j++) place[j] = k + j * step, there[j] = place[j] < end;
        turn(place, there);
    }
}

// Row → the threads with one threadIdx.y; lanes → neighbouring packs. Threads of rows beyond the
// last stay with the last one, without values, for the barriers. What is added up is the distance
// from the mean of the row's beginning, so that a large mean with a small variance does not cancel.
// KEPT: the row waits in `copies`, each value for the thread that has put it there.
template <int W, bool KEPT>
__device__ __forceinline__ void
normalise(const float* x, const float* weight, const float* bias, float* y, double* mean,
          float* var, float* inverse, Shape of, float eps, float* copies, double* parts) {
    const int M = W == 4 ? 2 : 4;
    int n = of.n, tid = threadIdx.x, wide = blockDim.x;
    Long rows = of.N * of.G, step = (Long)gridDim.x * blockDim.y;
    float* copy = copies + threadIdx.y * n;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < rows; first += step) {
        Long r = min(first + threadIdx.y, rows - 1);
        int end = first + threadIdx.y < rows ? n / W : 0;  // packs
        int c = (int)(r % of.G) * (of.C / of.G);
        const float* row = x + r * n;
        double beginning = block_sum(tid < W * end ? row[tid] : 0.0, parts);
        float guess = (float)(beginning / min(n, wide));
        float origin = is_finite(guess) ? guess : 0.0f;
        double one = 0.0, two = 0.0;
        walk<M>(tid, end, wide, [&](const int* place, const bool* there) {
            Pack<W> v[M];
            float a = 0.0f, b = 0.0f;
            #pragma unroll
            for (int j = 0; j < M; j++) if (there[j]) v[j] = load<W>(row, place[j]);
            #pragma unroll
            for (int j = 0; j < M; j++) {
                if (!there[j]) continue;
                if (KEPT) store<W>(copy, place[j], v[j]);
                for (int i = 0; i < W; i++) {
                    float d = v[j].at[i] - origin;
                    a += d;
                    b += d * d;
                }
            }
            one += a, two += b;
        });
        double shift = block_sum(one, parts) / n, v = block_sum(two, parts) / n - shift * shift;
        float spread = v < 0.0 ? 0.0f : (float)v, sigma = 1.0f / sqrtf(spread + eps);
        walk<M>(tid, end, wide, [&](const int* place, const bool* there) {
            Pack<W> v[M];
            #pragma unroll
            for (int j = 0; j < M; j++)
                if (there[j]) v[j] = load<W>(KEPT ? copy : row, place[j]);
            #pragma unroll
            for (int j = 0; j < M; j++) {
                if (!there[j]) continue;
                int at = c + channel_of<W>(place[j], of.S);
                Pack<W> scale = by_channel<W>(weight, at, of.S, 1.0f);
                Pack<W> offset = by_channel<W>(bias, at, of.S, 0.0f);
                for (int i = 0; i < W; i++) {
                    float d = (v[j].at[i] - origin) - (float)shift;
                    v[j].at[i] = d * (sigma * scale.at[i]) + offset.at[i];
                }
                store<W>(y + r * n, place[j], v[j]);
            }
        });
        if (tid == 0 && end) {
            mean[r] = origin + shift;
            var[r] = spread;
            inverse[r] = sigma;
        }
    }
}

extern "C" __global__ void __launch_bounds__(512, 2)
group_norm_forward(const float* __restrict__ x,       // (N, C, S)
                   const float* __restrict__ weight,  // (C) or null
                   const float* __restrict__ bias,    // (C) or null
                   float* __restrict__ y,             // (N, C, S)
                   double* __restrict__ mean,         // (N, G)
                   float* __restrict__ var,           // (N, G)
                   float* __restrict__ inverse,       // (N, G)
                   Long N, int C, int S, int G, float eps, bool kept)
{
    __shared__ double parts[32 * 8];
    DYN_SHARED(float4, rows);  // (blockDim.y, n) floats where they are kept
    float* keep = (float*)rows;
    Shape of = {N, C, S, G, C / G * S};
    if (in_fours(of, x, y, y, weight, bias)) {
        if (kept) normalise<4, true>(x, weight, bias, y, mean, var, inverse, of, eps, keep, parts);
        else normalise<4, false>(x, weight, bias, y, mean, var, inverse, of, eps, keep, parts);
    } else {
        if (kept) normalise<1, true>(x, weight, bias, y, mean, var, inverse, of, eps, keep, parts);
        else normalise<1, false>(x, weight, bias, y, mean, var, inverse, of, eps, keep, parts);
    }
}

// As normalise; with h = γ gy: gx = σ (h − (Σ h + x̂ Σ h x̂) / n). h and x̂ are kept.
template <int W, bool KEPT>
__device__ __forceinline__ void
differentiate(const float* gy, const float* x, const float* weight, const double* mean,
              const float* inverse, float* gx, Shape of, float* copies, double* parts) {
    const int M = W == 4 ? 1 : 4;  // and two arrays of each; more takes too many registers
    int n = of.n, tid = threadIdx.x, wide = blockDim.x;
    Long rows = of.N * of.G, step = (Long)gridDim.x * blockDim.y;
    float *hs = copies + threadIdx.y * 2 * n, *xs = hs + n;
    for (Long first = (Long)blockIdx.x * blockDim.y; first < rows; first += step) {
        Long r = min(first + threadIdx.y, rows - 1);
        int end = first + threadIdx.y < rows ? n / W : 0;  // packs
        int c = (int)(r % of.G) * (of.C / of.G);
        Mean centre = split(mean[r]);
        float sigma = inverse[r];
        auto read = [=](Pack<W>* h, Pack<W>* v, const int* place, const bool* there) {
            #pragma unroll
            for (int j = 0; j < M; j++) {
                if (!there[j]) continue;
                h[j] = load<W>(gy + r * n, place[j]), v[j] = load<W>(x + r * n, place[j]);
            }
            #pragma unroll
            for (int j = 0; j < M; j++) {
                if (!there[j]) continue;
                int at = c + channel_of<W>(place[j], of.S);
                Pack<W> scale = by_channel<W>(weight, at, of.S, 1.0f);
                for (int i = 0; i < W; i++) {
                    h[j].at[i] *= scale.at[i];
                    v[j].at[i] = centred(v[j].at[i], centre) * sigma;
                }
            }
        };
        double one = 0.0, two = 0.0;
        walk<M>(tid, end, wide, [&](const int* place, const bool* there) {
            Pack<W> h[M], v[M];
            float a = 0.0f, b = 0.0f;
            read(h, v, place, there);
            #pragma unroll
            for (int j = 0; j < M; j++) {
                if (!there[j]) continue;
                if (KEPT) store<W>(hs, place[j], h[j]), store<W>(xs, place[j], v[j]);
                for (int i = 0; i < W; i++) a += h[j].at[i], b += h[j].at[i] * v[j].at[i];
            }
            one += a, two += b;
        });
        float even = (float)(block_sum(one, parts) / n), along = (float)(block_sum(two, parts) / n);
        walk<M>(tid, end, wide, [&](const int* place, const bool* there) {
            Pack<W> h[M], v[M];
            if (!KEPT) read(h, v, place, there);
            #pragma unroll
            for (int j = 0; j < M; j++) {
                if (!there[j]) continue;
                if (KEPT) h[j] = load<W>(hs, place[j]), v[j] = load<W>(xs, place[j]);
                for (int i = 0; i < W; i++)
                    h[j].at[i] = (h[j].at[i] - (even + v[j].at[i] * along)) * sigma;
                store<W>(gx + r * n, place[j], h[j]);
            }
        });
    }
}

extern "C" __global__ void __launch_bounds__(512, 2)
group_norm_backward(const float* __restrict__ gy,       // (N, C, S)
                    const float* __restrict__ x,        // (N, C, S)
                    const float* __restrict__ weight,   // (C) or null
                    const double* __restrict__ mean,    // (N, G)
                    const float* __restrict__ inverse,  // (N, G)
                    float* __restrict__ gx,             // (N, C, S)
                    Long N, int C, int S, int G, bool kept)
{
    __shared__ double parts[32 * 8];
    DYN_SHARED(float4, rows);  // (blockDim.y, 2, n) floats where they are kept
    float* copies = (float*)rows;
    Shape of = {N, C, S, G, C / G * S};
    if (in_fours(of, gy, x, gx, weight, weight)) {
        if (kept) differentiate<4, true>(gy, x, weight, mean, inverse, gx, of, copies, parts);
        else differentiate<4, false>(gy, x, weight, mean, inverse, gx, of, copies, parts);
    } else {
        if (kept) differentiate<1, true>(gy, x, weight, mean, inverse, gx, of, copies, parts);
        else differentiate<1, false>(gy, x, weight, mean, inverse, gx, of, copies, parts);
    }
}

// S > 1. Block (blockIdx.x, blockIdx.y) → channel c and one of the `splits` shares of its samples;
// threads with one threadIdx.y → a plane. sums: Σ gy and Σ gy x̂.
template <int W>
__device__ __forceinline__ void
add_gradients(const float* gy, const float* x, int S, Mean centre, float sigma, double& one,
              double& two) {
    const int M = W == 4 ? 2 : 4;
    walk<M>((int)threadIdx.x, S / W, (int)blockDim.x, [&](const int* place, const bool* there) {
        Pack<W> g[M], v[M];
        float a = 0.0f, b = 0.0f;
        #pragma unroll
        for (int j = 0; j < M; j++)
            if (there[j]) g[j] = load<W>(gy, place[j]), v[j] = load<W>(x, place[j]);
        #pragma unroll
        for (int j = 0; j < M; j++) {
            for (int i = 0; i < W && there[j]; i++) {
                a += g[j].at[i];
                b += g[j].at[i] * (centred(v[j].at[i], centre) * sigma);
            }
        }
        one += a, two += b;
    });
}

extern "C" __global__ void __launch_bounds__(512)
group_norm_parameter_sums(const float* __restrict__ gy,       // (N, C, S)
                          const float* __restrict__ x,        // (N, C, S)
                          const double* __restrict__ mean,    // (N, G)
                          const float* __restrict__ inverse,  // (N, G)
                          double* __restrict__ sums,          // (2, splits, C)
                          Long N, Long C, int S, Long G, Long splits)
{
    __shared__ double parts[256];
    Long c = blockIdx.x, g = c / (C / G), step = splits * blockDim.y;
    bool fours = S % 4 == 0 && (((size_t)gy | (size_t)x) & 15) == 0;
    double one = 0.0, two = 0.0;
    for (Long m = (Long)blockIdx.y * blockDim.y + threadIdx.y; m < N; m += step) {
        Mean centre = split(mean[m * G + g]);
        float sigma = inverse[m * G + g];
        Long plane = (m * C + c) * S;
        if (fours) add_gradients<4>(gy + plane, x + plane, S, centre, sigma, one, two);
        else add_gradients<1>(gy + plane, x + plane, S, centre, sigma, one, two);
    }
    one = block_column(block_sum(one, parts), parts, sum_of);
    two = block_column(block_sum(two, parts), parts, sum_of);
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        sums[blockIdx.y * C + c] = one;
        sums[(splits + blockIdx.y) * C + c] = two;
    }
}

// S = 1. Lanes → neighbouring channels; blockIdx.y and threads along y → samples.
extern "C" __global__ void __launch_bounds__(256)
layer_norm_parameter_sums(const float* __restrict__ gy,       // (N, C)
                          const float* __restrict__ x,        // (N, C)
                          const double* __restrict__ mean,    // (N, G)
                          const float* __restrict__ inverse,  // (N, G)
                          double* __restrict__ sums,          // (2, splits, C)
                          Long N, Long C, Long G, Long splits)
{
    __shared__ double parts[256];
    Long c = (Long)blockIdx.x * blockDim.x + threadIdx.x, g = c / (C / G);
    Long first = (Long)blockIdx.y * blockDim.y + threadIdx.y, step = splits * blockDim.y;
    Long end = c < C ? N : 0;
    const int M = 4;
    double one = 0.0, two = 0.0;
    walk<M>(first, end, step, [&](const Long* place, const bool* there) {
        float grad[M], value[M], sigma[M], a = 0.0f, b = 0.0f;
        double centre[M];
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            Long m = place[j];
            grad[j] = gy[m * C + c], value[j] = x[m * C + c];
            centre[j] = mean[m * G + g], sigma[j] = inverse[m * G + g];
        }
        #pragma unroll
        for (int j = 0; j < M; j++) {
            if (!there[j]) continue;
            a += grad[j];
            b += grad[j] * (centred(value[j], split(centre[j])) * sigma[j]);
        }
        one += a, two += b;
    });
    one = block_column(one, parts, sum_of);
    two = block_column(two, parts, sum_of);
    if (threadIdx.y == 0 && c < C) {
        sums[blockIdx.y * C + c] = one;
        sums[(splits + blockIdx.y) * C + c] = two;
    }
}

// Thread → channel.
extern "C" __global__ void __launch_bounds__(256)
group_norm_parameter_gradients(const double* __restrict__ sums,  // (2, splits, C)
                               float* __restrict__ gweight,      // (C)
                               float* __restrict__ gbias,        // (C)
                               Long C, Long splits)
{
    GRID_STRIDE(c, C) {
        double one = 0.0, two = 0.0;
        for (Long k = 0; k < splits; k++) {
            one += sums[k * C + c];
            two += sums[(splits + k) * C + c];
        }
        gbias[c] = (float)one;
        gweight[c] = (float)two;
    }
}
