// The update of all parameters of an optimizer in one launch, for each rule of minitorch_cv/optim
// (its files have the equations), in float32; and, before it, their gradients divided by the scale
// of the loss (optim/amp).
//
// Shapes: table (rows, ARRAYS + 2), a row for each parameter: the addresses of its values x, of its
// gradient g and of what is remembered about it (0: not in use), how many elements it has, and how
// many chunks of CHUNK elements the rows have up to and including this one.
// numbers (rows, NUMBERS): what all elements of a row share, as kernels/cpu/optim works it out.
// Block → a chunk of one row, found by bisection; thread → four neighbouring elements of it, read
// and written as one word of 16 bytes where all arrays of the row begin at a multiple of that.
//
// Bytes for each element: 4 to read for each array in use, and 4 to write for each but g: sgd 12,
// with momentum 20, as adagrad and asgd; adam, adamax, nadam, radam, adadelta and rprop 28, adam
// with amsgrad 36; rmsprop 20 to 36. FLOPs: 2 (sgd) to 15 (nadam): memory decides.
//
// Every operation is rounded by itself (__fmul_rn and __fadd_rn are never fused), in the order of
// the reference, so that the parameters are bit for bit those of the CPU.
//
// The launcher has looked at the arrays behind the table: they are float32, contiguous and of this
// device, and each has the size that its row says.

#include "../common.cuh"

#define CHUNK 4096
#define NUMBERS 10

typedef unsigned long long Word;

__device__ __forceinline__ float mul(float a, float b) { return __fmul_rn(a, b); }

__device__ __forceinline__ float add(float a, float b) { return __fadd_rn(a, b); }

__device__ __forceinline__ float sub(float a, float b) { return __fadd_rn(a, -b); }

// d = ±g + λ x; without decay an infinite x leaves d alone.
__device__ __forceinline__ float descent(float g, float x, float sign, float decay) {
    float d = mul(sign, g);
    return decay != 0.0f ? add(d, mul(x, decay)) : d;
}

// β m + (1 − β) d, from the nearer of both; rest: 1 − β.
__device__ __forceinline__ float average(float m, float d, float beta, float rest) {
    return beta > 0.5f ? add(m, mul(sub(d, m), rest)) : sub(d, mul(sub(d, m), beta));
}

// β v + (1 − β) d²
__device__ __forceinline__ float average_square(float v, float d, float beta, float rest) {
    return add(mul(v, beta), mul(mul(d, d), rest));
}

// The row that a chunk belongs to: the first one whose last word is larger.
__device__ __forceinline__ int row_of(const Word* table, int rows, int columns, Long chunk) {
    int low = 0, high = rows - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (chunk < (Long)table[(Long)(middle + 1) * columns - 1]) high = middle;
        else low = middle + 1;
    }
    return low;
}

// make(numbers of a row) → rule(e), which changes the values e of one element: x, g and the rest.
template <int ARRAYS, typename Make>
__device__ __forceinline__ void update_rows(const Word* table, const double* numbers, int rows,
                                            Make make) {
    const int COLUMNS = ARRAYS + 2;
    Long chunks = (Long)table[(Long)rows * COLUMNS - 1];
    for (Long chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
        int row = row_of(table, rows, COLUMNS, chunk);
        const Word* entry = table + (Long)row * COLUMNS;
        Long begin = (chunk - (row ? (Long)entry[-1] : 0)) * CHUNK;
        Long end = min(begin + CHUNK, (Long)entry[ARRAYS]);
        auto rule = make(numbers + (Long)row * NUMBERS);
        float* at[ARRAYS];
        Word all = 0;
        for (int k = 0; k < ARRAYS; k++) {
            at[k] = (float*)entry[k];
            all |= entry[k];
        }
        Long quads = all % 16 == 0 ? end / 4 : 0;  // CHUNK is a multiple of 4, and so is begin
        for (Long i = begin / 4 + threadIdx.x; i < quads; i += blockDim.x) {
            float v[4][ARRAYS];
            for (int k = 0; k < ARRAYS; k++) {
                float4 q = at[k] ? ((const float4*)at[k])[i] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
                v[0][k] = q.x, v[1][k] = q.y, v[2][k] = q.z, v[3][k] = q.w;
            }
            for (int j = 0; j < 4; j++) rule(v[j]);
            for (int k = 0; k < ARRAYS; k++)
                if (k != 1 && at[k])
                    ((float4*)at[k])[i] = make_float4(v[0][k], v[1][k], v[2][k], v[3][k]);
        }
        for (Long i = max(begin, 4 * quads) + threadIdx.x; i < end; i += blockDim.x) {
            float v[ARRAYS];
            for (int k = 0; k < ARRAYS; k++) v[k] = at[k] ? at[k][i] : 0.0f;
            rule(v);
            for (int k = 0; k < ARRAYS; k++)
                if (k != 1 && at[k]) at[k][i] = v[k];
        }
    }
}

// e: x, g, b (without momentum not in use)
extern "C" __global__ void __launch_bounds__(256)
sgd_update(const Word* __restrict__ table,      // (rows, 5)
           const double* __restrict__ numbers,  // (rows, 10)
           int rows)
{
    update_rows<3>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], lr = (float)c[2];
        float momentum = (float)c[3], fresh = (float)c[4];
        bool nesterov = c[5] != 0.0;
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            if (momentum != 0.0f) {
                e[2] = add(mul(e[2], momentum), mul(d, fresh));
                d = nesterov ? add(d, mul(e[2], momentum)) : e[2];
            }
            e[0] = sub(e[0], mul(d, lr));
        };
    });
}

// e: x, g, m, v, the largest v (without amsgrad not in use)
extern "C" __global__ void __launch_bounds__(256)
adam_update(const Word* __restrict__ table,      // (rows, 7)
            const double* __restrict__ numbers,  // (rows, 10)
            int rows)
{
    update_rows<5>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], shrink = (float)c[2];
        float beta1 = (float)c[3], rest1 = (float)(1.0 - c[3]);
        float beta2 = (float)c[4], rest2 = (float)(1.0 - c[4]);
        float eps = (float)c[5], bias = (float)c[6], lr = (float)c[7];
        bool amsgrad = c[8] != 0.0;
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            e[2] = average(e[2], d, beta1, rest1);
            e[3] = average_square(e[3], d, beta2, rest2);
            if (amsgrad) e[4] = larger(e[3], e[4]);
            float root = sqrtf(amsgrad ? e[4] : e[3]);
            e[0] = sub(mul(e[0], shrink), mul(e[2] / add(root / bias, eps), lr));
        };
    });
}

// e: x, g, s
extern "C" __global__ void __launch_bounds__(256)
adagrad_update(const Word* __restrict__ table,      // (rows, 5)
               const double* __restrict__ numbers,  // (rows, 10)
               int rows)
{
    update_rows<3>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], eps = (float)c[2], lr = (float)c[3];
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            e[2] = add(e[2], mul(d, d));
            e[0] = sub(e[0], mul(d / add(sqrtf(e[2]), eps), lr));
        };
    });
}

// e: x, g, v, u
extern "C" __global__ void __launch_bounds__(256)
adadelta_update(const Word* __restrict__ table,      // (rows, 6)
                const double* __restrict__ numbers,  // (rows, 10)
                int rows)
{
    update_rows<4>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], lr = (float)c[2];
        float rho = (float)c[3], rest = (float)(1.0 - c[3]), eps = (float)c[4];
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            e[2] = average_square(e[2], d, rho, rest);
            float delta = mul(sqrtf(add(e[3], eps) / add(e[2], eps)), d);
            e[3] = average_square(e[3], delta, rho, rest);
            e[0] = sub(e[0], mul(delta, lr));
        };
    });
}

// e: x, g, m, u
extern "C" __global__ void __launch_bounds__(256)
adamax_update(const Word* __restrict__ table,      // (rows, 6)
              const double* __restrict__ numbers,  // (rows, 10)
              int rows)
{
    update_rows<4>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1];
        float beta1 = (float)c[2], rest1 = (float)(1.0 - c[2]);
        float beta2 = (float)c[3], eps = (float)c[4], lr = (float)c[5];
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            e[2] = average(e[2], d, beta1, rest1);
            e[3] = larger(mul(e[3], beta2), add(fabsf(d), eps));
            e[0] = sub(e[0], mul(e[2] / e[3], lr));
        };
    });
}

// e: x, g, m, v
extern "C" __global__ void __launch_bounds__(256)
nadam_update(const Word* __restrict__ table,      // (rows, 6)
             const double* __restrict__ numbers,  // (rows, 10)
             int rows)
{
    update_rows<4>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], shrink = (float)c[2];
        float beta1 = (float)c[3], rest1 = (float)(1.0 - c[3]);
        float beta2 = (float)c[4], rest2 = (float)(1.0 - c[4]);
        float eps = (float)c[5], now = (float)c[6], ahead = (float)c[7], bias = (float)c[8];
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            e[2] = average(e[2], d, beta1, rest1);
            e[3] = average_square(e[3], d, beta2, rest2);
            float step = add(mul(d, now), mul(e[2], ahead)) / add(sqrtf(e[3]) / bias, eps);
            e[0] = sub(mul(e[0], shrink), step);
        };
    });
}

// e: x, g, m, v
extern "C" __global__ void __launch_bounds__(256)
radam_update(const Word* __restrict__ table,      // (rows, 6)
             const double* __restrict__ numbers,  // (rows, 10)
             int rows)
{
    update_rows<4>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], shrink = (float)c[2];
        float beta1 = (float)c[3], rest1 = (float)(1.0 - c[3]);
        float beta2 = (float)c[4], rest2 = (float)(1.0 - c[4]);
        bool rectified = c[7] > 0.0;
        float eps = (float)c[5], lr = (float)(rectified ? c[6] * c[7] : c[6]);
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            e[2] = average(e[2], d, beta1, rest1);
            e[3] = average_square(e[3], d, beta2, rest2);
            float step = rectified ? e[2] / add(sqrtf(e[3]), eps) : e[2];
            e[0] = sub(mul(e[0], shrink), mul(step, lr));
        };
    });
}

// e: x, g, v, m (not in use unless centered), b (without momentum not in use)
extern "C" __global__ void __launch_bounds__(256)
rmsprop_update(const Word* __restrict__ table,      // (rows, 7)
               const double* __restrict__ numbers,  // (rows, 10)
               int rows)
{
    update_rows<5>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], lr = (float)c[2];
        float alpha = (float)c[3], rest = (float)(1.0 - c[3]), eps = (float)c[4];
        float momentum = (float)c[5];
        bool centered = c[6] != 0.0;
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            e[2] = average_square(e[2], d, alpha, rest);
            if (centered) e[3] = average(e[3], d, alpha, rest);
            float square = centered ? sub(e[2], mul(e[3], e[3])) : e[2];
            float step = d / add(sqrtf(square), eps);
            if (momentum != 0.0f) step = e[4] = add(mul(e[4], momentum), step);
            e[0] = sub(e[0], mul(step, lr));
        };
    });
}

// e: x, g, the gradient before, the step sizes. NaN stays NaN.
extern "C" __global__ void __launch_bounds__(256)
rprop_update(const Word* __restrict__ table,      // (rows, 6)
             const double* __restrict__ numbers,  // (rows, 10)
             int rows)
{
    update_rows<4>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], shrink = (float)c[1], grow = (float)c[2];
        float least = (float)c[3], most = (float)c[4];
        return [=](float* e) {
            float d = mul(e[1], sign), turn = mul(d, e[2]);
            float scale = turn > 0.0f ? grow : turn < 0.0f ? shrink : is_nan(turn) ? turn : 1.0f;
            float size = mul(e[3], scale);
            size = size < least ? least : size > most ? most : size;
            d = turn < 0.0f ? 0.0f : d;
            e[2] = d;
            e[3] = size;
            e[0] = sub(e[0], mul(d > 0.0f ? 1.0f : d < 0.0f ? -1.0f : d, size));
        };
    });
}

// e: x, g, the average
extern "C" __global__ void __launch_bounds__(256)
asgd_update(const Word* __restrict__ table,      // (rows, 5)
            const double* __restrict__ numbers,  // (rows, 10)
            int rows)
{
    update_rows<3>(table, numbers, rows, [](const double* c) {
        float sign = (float)c[0], decay = (float)c[1], eta = (float)c[2];
        float shrink = (float)c[3], mu = (float)c[4];
        return [=](float* e) {
            float d = descent(e[1], e[0], sign, decay);
            float moved = sub(mul(e[0], shrink), mul(d, eta));
            e[2] = mu == 1.0f ? moved : add(e[2], mul(sub(moved, e[2]), mu));
            e[0] = moved;
        };
    });
}

// g / scale, and *found = 1 where an element is inf or NaN. Table: the addresses of the gradients,
// their sizes and chunks, as above. Bytes for each element: 8. FLOPs: 1.
// One thread of a block writes the flag; whichever block it is, it writes 1.
extern "C" __global__ void __launch_bounds__(256)
gradients_unscale(const Word* __restrict__ table,   // (rows, 3)
                  const float* __restrict__ scale,  // (1)
                  int* __restrict__ found,          // (1)
                  int rows)
{
    Long chunks = (Long)table[(Long)rows * 3 - 1];
    float inverse = 1.0f / scale[0];
    __shared__ int parts[32];
    bool good = true;
    for (Long chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
        int row = row_of(table, rows, 3, chunk);
        const Word* entry = table + (Long)row * 3;
        Long begin = (chunk - (row ? (Long)entry[-1] : 0)) * CHUNK;
        Long end = min(begin + CHUNK, (Long)entry[1]);
        float* g = (float*)entry[0];
        Long quads = entry[0] % 16 == 0 ? end / 4 : 0;
        for (Long i = begin / 4 + threadIdx.x; i < quads; i += blockDim.x) {
            float4 q = ((const float4*)g)[i];
            good &= is_finite(q.x) & is_finite(q.y) & is_finite(q.z) & is_finite(q.w);
            ((float4*)g)[i] = make_float4(q.x * inverse, q.y * inverse, q.z * inverse,
                                          q.w * inverse);
        }
        for (Long i = max(begin, 4 * quads) + threadIdx.x; i < end; i += blockDim.x) {
            good &= is_finite(g[i]);
            g[i] *= inverse;
        }
    }
    int bad = block_sum(good ? 0 : 1, parts);
    if (bad && threadIdx.x == 0) *found = 1;
}
