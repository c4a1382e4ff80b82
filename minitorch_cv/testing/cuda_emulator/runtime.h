// Runs the threads of a grid on one thread of the CPU: a fiber for each thread of a block, one block
// after the other. A fiber runs until it meets others (__syncthreads, a shuffle) or ends; so what
// one thread sees of another's work depends on the order, and a launch in two orders shows a barrier
// that is missing: warps, threads and blocks from the first to the last, or from the last to the
// first. Shared memory is filled with NaN (all bits set) before each block.
#pragma once
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#ifdef __SANITIZE_THREAD__
extern "C" {
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void* __tsan_get_current_fiber(void);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* place);
void __tsan_release(void* place);
}
#define HAPPENS_BEFORE(place) __tsan_release(place)
#define HAPPENS_AFTER(place) __tsan_acquire(place)
#define UNWATCHED __attribute__((no_sanitize("thread"), noinline))  // not a part of any kernel
#else
#define UNWATCHED
#define HAPPENS_BEFORE(place)
#define HAPPENS_AFTER(place)
#endif

struct dim3 { unsigned x, y, z; };
static dim3 threadIdx, blockIdx, blockDim, gridDim;
static const int warpSize = 32;
extern "C" char __start_shared_memory[] __attribute__((weak));
extern "C" char __stop_shared_memory[] __attribute__((weak));

namespace emulator {

enum State { READY, AT_BLOCK, AT_WARP, DONE };
const int MOST = 1024, STACK = 128 << 10, GUARD = 256;

struct Fiber {
    ucontext_t context;
    char* stack;
    State state;
    unsigned mask;  // of the lanes that it waits for
    int line;       // where it waits
    unsigned long long slot;  // what it shows to the other lanes
    unsigned meetings[2];     // of its block, of its warp
    void* watch;
};

static Fiber fibers[MOST];
static ucontext_t scheduler;
static int current, count;  // the running thread, and how many there are
static void (*kernel)();    // calls the kernel with the arguments of this launch
static char* dynamic;       // dynamic shared memory
static char message[256];
static bool alone;          // threads meet nobody: no fibers are needed
static void* watch_of_scheduler;
// Places that the race detector orders events by. Two of each meeting place, used in turn: who leaves
// one meeting must not see what the first arrivals at the next have done meanwhile.
static int entrance, way_out, crossings[2], corners[MOST / 32][2];

UNWATCHED static void place_thread(int t) {
    threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
    current = t;
}

UNWATCHED static void resume(int t) {
    place_thread(t);
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(fibers[t].watch, 1);
#endif
    swapcontext(&scheduler, &fibers[t].context);
}

UNWATCHED static void pause() {
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(watch_of_scheduler, 1);
#endif
    swapcontext(&fibers[current].context, &scheduler);
}

UNWATCHED static void thread_of_block() {
    HAPPENS_AFTER(&entrance);
    kernel();
    HAPPENS_BEFORE(&way_out);
    fibers[current].state = DONE;
    while (true) pause();
}

UNWATCHED static void wait(State state, unsigned mask, int line, void* place) {
    if (alone) {
        fprintf(stderr, "emulator: a helper that waits is named warp_… or block_…\n");
        abort();
    }
    Fiber& self = fibers[current];
    self.state = state, self.mask = mask, self.line = line;
    HAPPENS_BEFORE(place);
    pause();
    HAPPENS_AFTER(place);
}

UNWATCHED static int lane() { return current & 31; }
UNWATCHED static void meet_block(int line) {
    wait(AT_BLOCK, 0, line, &crossings[fibers[current].meetings[0]++ % 2]);
}
UNWATCHED static void meet_warp(unsigned mask, int line) {
    wait(AT_WARP, mask, line, &corners[current / 32][fibers[current].meetings[1]++ % 2]);
}

template <typename T> UNWATCHED static T shuffle(unsigned mask, T value, int from, int line) {
    static_assert(sizeof(T) <= 8, "");
    int mine = current, base = current & ~31;
    memcpy(&fibers[mine].slot, &value, sizeof(T));
    meet_warp(mask, line);
    int source = from < 0 || from > 31 ? mine : base + from;  // beyond the warp: one's own value
    bool there = source == mine || (source < count && (mask >> (source & 31) & 1));
    T result;
    memset(&result, 0xff, sizeof(T));  // a lane that takes no part has nothing to show
    if (there) memcpy(&result, &fibers[source].slot, sizeof(T));
    meet_warp(mask, line);
    return result;
}

UNWATCHED static unsigned ballot(unsigned mask, bool vote, int line) {
    int base = current & ~31;
    fibers[current].slot = vote;
    meet_warp(mask, line);
    unsigned votes = 0;
    for (int k = 0; k < 32 && base + k < count; k++)
        if (mask >> k & 1) votes |= (unsigned)(fibers[base + k].slot & 1) << k;
    meet_warp(mask, line);
    return votes;
}

// Lets the lanes of a warp go on whose mask is complete; true where there were some.
UNWATCHED static bool release_warp(int base) {
    bool released = false;
    int end = base + 32 < count ? base + 32 : count;
    for (int t = base; t < end; t++) {
        if (fibers[t].state != AT_WARP) continue;
        unsigned mask = fibers[t].mask;
        bool complete = mask >> (t & 31) & 1;
        for (int k = base; k < end; k++)
            if (mask >> (k & 31) & 1)
                complete &= fibers[k].state == AT_WARP && fibers[k].mask == mask &&
                            fibers[k].line == fibers[t].line;
        if (!complete) continue;
        for (int k = base; k < end; k++)
            if (mask >> (k & 31) & 1) fibers[k].state = READY;
        released = true;
    }
    return released;
}

// Runs a warp as far as it comes without the others.
UNWATCHED static void run_warp(int base, bool backward) {
    do {
        for (int k = 0; k < 32; k++) {
            int t = base + (backward ? 31 - k : k);
            if (t < count && fibers[t].state == READY) resume(t);
        }
    } while (release_warp(base));
}

UNWATCHED static bool run_block(bool backward) {
    int warps = (count + 31) / 32;
    while (true) {
        for (int w = 0; w < warps; w++) run_warp(32 * (backward ? warps - 1 - w : w), backward);
        int done = 0, waiting = 0, line = -1, odd = -1;
        for (int t = 0; t < count; t++) {
            if (fibers[t].state == DONE) { done++; continue; }
            if (fibers[t].state == AT_BLOCK && (line < 0 || line == fibers[t].line))
                line = fibers[t].line, waiting++;
            else
                odd = t;
        }
        if (done == count) return true;
        if (odd >= 0) {
            snprintf(message, sizeof(message), "thread %d of block (%u, %u, %u) waits at line %d "
                     "for threads that never come there", odd, blockIdx.x, blockIdx.y, blockIdx.z,
                     fibers[odd].line);
            return false;
        }
        for (int t = 0; t < count; t++)
            if (fibers[t].state == AT_BLOCK) fibers[t].state = READY;
    }
}

UNWATCHED static void start_fibers() {
    for (int t = 0; t < count; t++) {
        Fiber& fiber = fibers[t];
        if (!fiber.stack) fiber.stack = (char*)malloc(STACK);
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack;
        fiber.context.uc_stack.ss_size = STACK;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, thread_of_block, 0);
        fiber.state = READY;
        fiber.meetings[0] = fiber.meetings[1] = 0;
#ifdef __SANITIZE_THREAD__
        if (fiber.watch) __tsan_destroy_fiber(fiber.watch);
        fiber.watch = __tsan_create_fiber(0);
#endif
    }
}

UNWATCHED static bool run_one(unsigned shared, bool backward) {
    if (alone) {
        for (int t = 0; t < count; t++) {
            place_thread(backward ? count - 1 - t : t);
            kernel();
        }
        return true;
    }
    memset(__start_shared_memory, 0xff, __stop_shared_memory - __start_shared_memory);
    dynamic = (char*)aligned_alloc(256, (shared + GUARD + 255) / 256 * 256);
    memset(dynamic, 0xff, shared + GUARD);
    start_fibers();
    HAPPENS_BEFORE(&entrance);
    bool good = run_block(backward);
    HAPPENS_AFTER(&way_out);
    for (int k = 0; good && k < GUARD; k++)
        if (dynamic[shared + k] != (char)0xff) {
            snprintf(message, sizeof(message), "dynamic shared memory holds %u bytes, and byte %u "
                     "was written", shared, shared + k);
            good = false;
        }
    free(dynamic);
    return good;
}

UNWATCHED static const char* run_grid(const unsigned* sizes, unsigned shared, int backward) {
    gridDim = {sizes[0], sizes[1], sizes[2]};
    blockDim = {sizes[3], sizes[4], sizes[5]};
    count = blockDim.x * blockDim.y * blockDim.z;
#ifdef __SANITIZE_THREAD__
    alone = false;
    watch_of_scheduler = __tsan_get_current_fiber();
#endif
    unsigned long long blocks = (unsigned long long)gridDim.x * gridDim.y * gridDim.z;
    for (unsigned long long k = 0; k < blocks; k++) {
        unsigned long long b = backward ? blocks - 1 - k : k;
        blockIdx.x = b % gridDim.x;
        blockIdx.y = b / gridDim.x % gridDim.y;
        blockIdx.z = b / gridDim.x / gridDim.y;
        if (!run_one(shared, backward)) return message;
    }
    return nullptr;
}

}  // namespace emulator
