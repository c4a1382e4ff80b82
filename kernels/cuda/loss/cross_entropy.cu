// Cross-entropy of scores and class labels (ops/loss/cross_entropy.py has the equations), and
// whether labels are in range.
//
// Shapes: x, gx (P, K, R): K classes, R positions behind each of the P; labels, losses (P, R);
// weight (K) or null: ones. With ε = smoothing, logp = x − max − log Σ e^(x − max), D = Σ w_t:
//     loss = −(1 − ε) w_t logp_t − ε / K Σ_k w_k logp_k
//     gx_k = g (p_k s − (1 − ε) w_t [k = t] − ε / K w_k),   s = (1 − ε) w_t + ε / K Σ_k w_k
// A position whose label is ignore_index counts in no sum. One whose label no class has makes the
// loss NaN, for the host does not wait for the labels and says so later, and has no gradient.
// No probability is ever stored: backward computes it again from x.
// Bytes: 4 for each score forward (rows stay in the cache between the passes), 8 backward.
// FLOPs: an exponential and 4 additions for each score; backward 2 products more.
//
// Two forms, for what lies side by side in memory: the classes of a position (R = 1 and many
// classes: a warp to a position) or the positions of a class (a thread to a position).
// A sum of all losses is made in two launches and always in one order: of each block's positions,
// then, by one block, of the blocks' sums.

#include "../common.cuh"

// Labels as the user has them: int64, or uint8 (`bytes`) where that is null.
__device__ __forceinline__ Long label_at(const Long* labels, const unsigned char* bytes, Long i) {
    return labels ? labels[i] : (Long)bytes[i];
}

__device__ __forceinline__ float weight_of(const float* weight, Long k) {
    return weight ? weight[k] : 1.0f;
}

__device__ __forceinline__ float not_a_number() { return infinity() - infinity(); }

// Σ loss and Σ w_t.
struct Sums { double losses, weights; };

// The loss of a position with label t, whose K scores lie `step` apart; it goes into the sums, too.
// log_total: log Σ e^(x − top); spread: Σ_k w_k logp_k, or 0 where nothing is smoothed (0 · ∞ is
// NaN).
__device__ __forceinline__ float
loss_of(const float* scores, Long step, Long t, const float* weight, Long K, Long ignore_index,
        float smoothing, float top, float log_total, float spread, Sums& sums) {
    if (t == ignore_index) return 0.0f;
    float loss = not_a_number();
    if (t >= 0 && t < K) {
        float logp = (scores[t * step] - top) - log_total, w = weight_of(weight, t);
        loss = -(1.0f - smoothing) * w * logp - smoothing * spread / (float)K;
        sums.weights += w;
    }
    sums.losses += loss;
    return loss;
}

// What the threads of each block have found, into its place in (2, blocks).
__device__ __forceinline__ void block_put(Sums found, double* sums, Long blocks) {
    __shared__ double parts[32];
    double losses = block_sum(found.losses, parts), weights = block_sum(found.weights, parts);
    if (threadIdx.x != 0) return;
    sums[blockIdx.x] = losses;
    sums[blocks + blockIdx.x] = weights;
}

// Warp → position, lanes → classes.
extern "C" __global__ void __launch_bounds__(256)
cross_entropy_rows(const float* __restrict__ x,              // (P, K)
                   const Long* __restrict__ labels,          // (P) or null
                   const unsigned char* __restrict__ bytes,  // (P) or null
                   const float* __restrict__ weight,         // (K) or null
                   float* __restrict__ losses,               // (P) or null
                   double* __restrict__ sums,                // (2, blocks) or null
                   Long P, Long K, Long blocks, Long ignore_index, float smoothing)
{
    int lane = threadIdx.x % 32;
    Long warp = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    Sums found = {0.0, 0.0};
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
        float loss = loss_of(row, 1, label_at(labels, bytes, p), weight, K, ignore_index,
                             smoothing, top, log_total, spread, found);
        if (losses) losses[p] = loss;
    }
    if (sums) block_put(found, sums, blocks);
}

// Thread → position (p, r); neighbours read neighbouring scores of one class.
extern "C" __global__ void __launch_bounds__(256)
cross_entropy_positions(const float* __restrict__ x,              // (P, K, R)
                        const Long* __restrict__ labels,          // (P, R) or null
                        const unsigned char* __restrict__ bytes,  // (P, R) or null
                        const float* __restrict__ weight,         // (K) or null
                        float* __restrict__ losses,               // (P, R) or null
                        double* __restrict__ sums,                // (2, blocks) or null
                        Long P, Long K, Long R, Long blocks, Long ignore_index, float smoothing)
{
    Sums found = {0.0, 0.0};
    GRID_STRIDE(i, P * R) {
        const float* scores = x + i / R * K * R + i % R;  // K of them, R apart
        float top = -infinity(), total = 0.0f, spread = 0.0f;
        for (Long k = 0; k < K; k++) top = larger(scores[k * R], top);
        for (Long k = 0; k < K; k++) total += expf(scores[k * R] - top);
        float log_total = logf(total);
        for (Long k = 0; k < K && smoothing != 0.0f; k++)
            spread += weight_of(weight, k) * ((scores[k * R] - top) - log_total);
        float loss = loss_of(scores, R, label_at(labels, bytes, i), weight, K, ignore_index,
                             smoothing, top, log_total, spread, found);
        if (losses) losses[i] = loss;
    }
    if (sums) block_put(found, sums, blocks);
}

// One block; thread → some blocks of the launch before. y: Σ loss; where scale is asked for, that
// is 1 / D, and y is Σ loss / D.
extern "C" __global__ void __launch_bounds__(256)
cross_entropy_total(const double* __restrict__ sums,  // (2, blocks)
                    float* __restrict__ y,            // (1)
                    float* __restrict__ scale,        // (1) or null
                    Long blocks)
{
    __shared__ double parts[32];
    double losses = 0.0, weights = 0.0;
    for (Long k = threadIdx.x; k < blocks; k += blockDim.x) {
        losses += sums[k];
        weights += sums[blocks + k];
    }
    losses = block_sum(losses, parts);
    weights = block_sum(weights, parts);
    if (threadIdx.x != 0) return;
    y[0] = (float)(scale ? losses / weights : losses);
    if (scale) scale[0] = (float)(1.0 / weights);
}

// The gradient of a position's loss: gy has one number for all (G = 1) or one for each.
__device__ __forceinline__ float
upstream_at(const float* gy, const float* scale, Long G, Long i) {
    float g = gy[G == 1 ? 0 : i];
    return scale ? g * scale[0] : g;
}

// Does a position with label t have a gradient?
__device__ __forceinline__ bool counts(Long t, Long K, Long ignore_index) {
    return t >= 0 && t < K && t != ignore_index;
}

// Warp → position, lanes → classes.
extern "C" __global__ void __launch_bounds__(256, 4)
cross_entropy_rows_backward(const float* __restrict__ x,              // (P, K)
                            const Long* __restrict__ labels,          // (P) or null
                            const unsigned char* __restrict__ bytes,  // (P) or null
                            const float* __restrict__ weight,         // (K) or null
                            const float* __restrict__ gy,             // (G)
                            const float* __restrict__ scale,          // (1) or null
                            float* __restrict__ gx,                   // (P, K)
                            Long P, Long K, Long G, Long ignore_index, float smoothing)
{
    int lane = threadIdx.x % 32;
    Long warp = ((Long)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    float even = smoothing / (float)K, all = 0.0f;
    for (Long k = lane; k < K; k += 32) all += weight_of(weight, k);
    all = warp_sum(all);
    for (Long p = warp; p < P; p += (Long)gridDim.x * blockDim.x / 32) {
        Long t = label_at(labels, bytes, p);
        if (!counts(t, K, ignore_index)) {
            for (Long k = lane; k < K; k += 32) gx[p * K + k] = 0.0f;
            continue;
        }
        const float* row = x + p * K;
        float top = -infinity(), total = 0.0f, g = upstream_at(gy, scale, G, p);
        for (Long k = lane; k < K; k += 32) top = larger(row[k], top);
        top = warp_max(top);
        for (Long k = lane; k < K; k += 32) total += expf(row[k] - top);
        total = warp_sum(total);
        float own = (1.0f - smoothing) * weight_of(weight, t), factor = (own + even * all) / total;
        for (Long k = lane; k < K; k += 32) {
            float share = even * weight_of(weight, k) + (k == t ? own : 0.0f);
            gx[p * K + k] = g * (expf(row[k] - top) * factor - share);
        }
    }
}

// Thread → position (p, r).
extern "C" __global__ void __launch_bounds__(256)
cross_entropy_positions_backward(const float* __restrict__ x,              // (P, K, R)
                                 const Long* __restrict__ labels,          // (P, R) or null
                                 const unsigned char* __restrict__ bytes,  // (P, R) or null
                                 const float* __restrict__ weight,         // (K) or null
                                 const float* __restrict__ gy,             // (G)
                                 const float* __restrict__ scale,          // (1) or null
                                 float* __restrict__ gx,                   // (P, K, R)
                                 Long P, Long K, Long R, Long G, Long ignore_index,
                                 float smoothing)
{
    float even = smoothing / (float)K, all = 0.0f;
    for (Long k = 0; k < K; k++) all += weight_of(weight, k);
    GRID_STRIDE(i, P * R) {
        Long start = i / R * K * R + i % R, t = label_at(labels, bytes, i);
        if (!counts(t, K, ignore_index)) {
            for (Long k = 0; k < K; k++) gx[start + k * R] = 0.0f;
            continue;
        }
        const float* scores = x + start;
        float top = -infinity(), total = 0.0f, g = upstream_at(gy, scale, G, i);
        for (Long k = 0; k < K; k++) top = larger(scores[k * R], top);
        for (Long k = 0; k < K; k++) total += expf(scores[k * R] - top);
        float own = (1.0f - smoothing) * weight_of(weight, t), factor = (own + even * all) / total;
        for (Long k = 0; k < K; k++) {
            float share = even * weight_of(weight, k) + (k == t ? own : 0.0f);
            gx[start + k * R] = g * (expf(scores[k * R] - top) * factor - share);
        }
    }
}

// Thread → label. Where one is not in low … high − 1 and not `also`, the question's number goes to
// its place in `answers`: the same number from every block that finds one, and none from the rest.
// Bytes: 8 for each label, 1 as uint8. FLOPs: 0.
extern "C" __global__ void __launch_bounds__(256)
labels_judge(const Long* __restrict__ labels,          // (n) or null
             const unsigned char* __restrict__ bytes,  // (n) or null
             Long* __restrict__ answers,               // (places)
             Long n, Long low, Long high, Long also, Long places, Long place, Long question)
{
    __shared__ int parts[32];
    int bad = 0;
    GRID_STRIDE(i, n) {
        Long t = label_at(labels, bytes, i);
        if ((t < low || t >= high) && t != also) bad = 1;
    }
    bad = block_sum(bad, parts);
    if (bad && threadIdx.x == 0) answers[place] = question;
}
