// Cross-entropy of scores and class labels (ops/loss/cross_entropy.py has the equations).
//
// Shapes: x, gx (P, K, R): K classes, R positions behind each of the P; target, losses, g (P, R);
// weight (K) or null: ones. With ε = smoothing, logp = x − max − log Σ e^(x − max):
//     loss = −(1 − ε) w_t logp_t − ε / K Σ_k w_k logp_k
//     gx_k = g (p_k s − (1 − ε) w_t [k = t] − ε / K w_k),   s = (1 − ε) w_t + ε / K Σ_k w_k
// No probability is ever stored: backward computes it again from x.
// Bytes: 4 for each score forward (rows stay in the cache between the passes), 8 backward.
// FLOPs: an exponential and 4 additions for each score; backward 2 products more.
//
// Two forms, for what lies side by side in memory: the classes of a position (R = 1 and many
// classes: a warp to a position) or the positions of a class (a thread to a position).

#include "../common.cuh"

__device__ __forceinline__ float weight_of(const float* weight, Long k) {
    return weight ? weight[k] : 1.0f;
}

// The loss of a position; spread: Σ_k w_k logp_k, or 0 where nothing is smoothed (0 · ∞ is NaN).
__device__ __forceinline__ float
loss_of(float logp, float w, float spread, Long K, float smoothing) {
    return -(1.0f - smoothing) * w * logp - smoothing * spread / (float)K;
}

// The loss of a label that no class has: the host does not wait for the labels, and says so later.
__device__ __forceinline__ float not_a_number() { return infinity() - infinity(); }

// Warp → position, lanes → classes.
extern "C" __global__ void __launch_bounds__(256)
cross_entropy_rows(const float* __restrict__ x,       // (P, K)
                   const Long* __restrict__ target,   // (P)
                   const float* __restrict__ weight,  // (K) or null
                   float* __restrict__ losses,        // (P)
                   Long P, Long K, Long ignore_index, float smoothing)
{
    int lane = threadIdx.x % 32;
    Long warp = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    for (Long p = warp; p < P; p += (Long)gridDim.x * blockDim.x / 32) {
        const float* row = x + p * K;
        float top = -infinity(), total = 0.0f, spread = 0.0f;
        for (Long k = lane; k < K; k += 32) top = larger(row[k], top);
        top = warp_max(top);
        for (Long k = lane; k < K; k += 32) total += expf(row[k] - top);
        float log_total = logf(warp_sum(total));
        if (smoothing != 0.0f) {
            for (Long k = lane; k < K; k += 32)
                spread += weight_of(weight, k) * ((row[k] - top) - log_total);
            spread = warp_sum(spread);
        }
        if (lane != 0) continue;
        Long t = target[p];
        losses[p] = 0.0f;
        if (t != ignore_index) {
            losses[p] = not_a_number();
            if (t < 0 || t >= K) continue;
            float logp = (row[t] - top) - log_total;
            losses[p] = loss_of(logp, weight_of(weight, t), spread, K, smoothing);
        }
    }
}

// Warp → position, lanes → classes. g is 0 where a position is ignored, and target then any class.
extern "C" __global__ void __launch_bounds__(256, 4)
cross_entropy_rows_backward(const float* __restrict__ x,       // (P, K)
                            const Long* __restrict__ target,   // (P)
                            const float* __restrict__ weight,  // (K) or null
                            const float* __restrict__ g,       // (P)
                            float* __restrict__ gx,            // (P, K)
                            Long P, Long K, float smoothing)
{
    int lane = threadIdx.x % 32;
    Long warp = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    float even = smoothing / (float)K, all = 0.0f;
    for (Long k = lane; k < K; k += 32) all += weight_of(weight, k);
    all = warp_sum(all);
    for (Long p = warp; p < P; p += (Long)gridDim.x * blockDim.x / 32) {
        const float* row = x + p * K;
        float top = -infinity(), total = 0.0f;
        for (Long k = lane; k < K; k += 32) top = larger(row[k], top);
        top = warp_max(top);
        for (Long k = lane; k < K; k += 32) total += expf(row[k] - top);
        total = warp_sum(total);
        Long t = target[p];
        float own = (1.0f - smoothing) * weight_of(weight, t), factor = (own + even * all) / total;
        for (Long k = lane; k < K; k += 32) {
            float share = even * weight_of(weight, k) + (k == t ? own : 0.0f);
            gx[p * K + k] = g[p] * (expf(row[k] - top) * factor - share);
        }
    }
}

// Thread → position (p, r); neighbours read neighbouring scores of one class.
extern "C" __global__ void __launch_bounds__(256)
cross_entropy_positions(const float* __restrict__ x,       // (P, K, R)
                        const Long* __restrict__ target,   // (P, R)
                        const float* __restrict__ weight,  // (K) or null
                        float* __restrict__ losses,        // (P, R)
                        Long P, Long K, Long R, Long ignore_index, float smoothing)
{
    GRID_STRIDE(i, P * R) {
        const float* scores = x + i / R * K * R + i % R;  // K of them, R apart
        float top = -infinity(), total = 0.0f, spread = 0.0f;
        for (Long k = 0; k < K; k++) top = larger(scores[k * R], top);
        for (Long k = 0; k < K; k++) total += expf(scores[k * R] - top);
        float log_total = logf(total);
        for (Long k = 0; k < K && smoothing != 0.0f; k++)
            spread += weight_of(weight, k) * ((scores[k * R] - top) - log_total);
        Long t = target[i];
        losses[i] = 0.0f;
        if (t != ignore_index) {
            losses[i] = not_a_number();
            if (t < 0 || t >= K) continue;
            float logp = (scores[t * R] - top) - log_total;
            losses[i] = loss_of(logp, weight_of(weight, t), spread, K, smoothing);
        }
    }
}

// Thread → position (p, r).
extern "C" __global__ void __launch_bounds__(256)
cross_entropy_positions_backward(const float* __restrict__ x,       // (P, K, R)
                                 const Long* __restrict__ target,   // (P, R)
                                 const float* __restrict__ weight,  // (K) or null
                                 const float* __restrict__ g,       // (P, R)
                                 float* __restrict__ gx,            // (P, K, R)
                                 Long P, Long K, Long R, float smoothing)
{
    float even = smoothing / (float)K, all = 0.0f;
    for (Long k = 0; k < K; k++) all += weight_of(weight, k);
    GRID_STRIDE(i, P * R) {
        Long start = i / R * K * R + i % R;
        const float* scores = x + start;
        float top = -infinity(), total = 0.0f;
        for (Long k = 0; k < K; k++) top = larger(scores[k * R], top);
        for (Long k = 0; k < K; k++) total += expf(scores[k * R] - top);
        Long t = target[i];
        float own = (1.0f - smoothing) * weight_of(weight, t), factor = (own + even * all) / total;
        for (Long k = 0; k < K; k++) {
            float share = even * weight_of(weight, k) + (k == t ? own : 0.0f);
            gx[start + k * R] = g[i] * (expf(scores[k * R] - top) * factor - share);
        }
    }
}
