// Pair sums in f32: the GPU twin of `src/engine/cpu.rs`, which is the definition.
//
//     row[m] = sum over terms of (a + b t + c t^2) exp(-t^2/2),   t = (r_m - r_peak) / sigma
//
// One workgroup sums one tile: LANES grid points of one row, one point per invocation, over the terms lo..hi. The
// structs are those of `src/engine/gpu/layout.rs`; a test compares them.

const LANES: u32 = 64u;
// Terms are added in groups of this many, then the groups, then the batches: rounding grows with the depth of the
// tree and not with the number of terms.
const GROUP: u32 = 8u;

struct Peak {
    center: u32,
    half: u32,
    slope: f32,
    shift: f32,
}

struct Term {
    peak: u32,
    a: f32,
    b: f32,
    c: f32,
}

struct Tile {
    first: u32,
    lo: u32,
    hi: u32,
}

// A term beside its peak, in fast memory for the whole workgroup.
struct Staged {
    center: i32,
    half: i32,
    slope: f32,
    shift: f32,
    a: f32,
    b: f32,
    c: f32,
}

@group(0) @binding(0) var<storage, read> peaks: array<Peak>;
@group(0) @binding(1) var<storage, read> terms: array<Term>;
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

var<workgroup> staged: array<Staged, LANES>;

fn stage(index: u32) -> Staged {
    let term = terms[index];
    let peak = peaks[term.peak];
    return Staged(i32(peak.center), i32(peak.half), peak.slope, peak.shift, term.a, term.b, term.c);
}

// The staged term j at a grid point. The distance in steps is an integer, exact in f32 at any r.
fn value(point: i32, j: u32) -> f32 {
    let steps = point - staged[j].center;
    if abs(steps) > staged[j].half {
        return 0.0;
    }
    let t = f32(steps) * staged[j].slope - staged[j].shift;
    return (staged[j].a + t * (staged[j].b + t * staged[j].c)) * exp(-0.5 * t * t);
}

// The first `count` staged terms.
fn batch(point: i32, count: u32) -> f32 {
    var sum = 0.0;
    for (var start = 0u; start < count; start += GROUP) {
        var part = 0.0;
        for (var j = start; j < min(start + GROUP, count); j++) {
            part += value(point, j);
        }
        sum += part;
    }
    return sum;
}

@compute @workgroup_size(LANES)
fn broaden(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let tile = tiles[group.x];
    let point = i32(tile.first + lane);
    var sum = 0.0;
    for (var start = tile.lo; start < tile.hi; start += LANES) {
        let count = min(LANES, tile.hi - start);
        workgroupBarrier();
        if lane < count {
            staged[lane] = stage(start + lane);
        }
        workgroupBarrier();
        sum += batch(point, count);
    }
    sums[group.x * LANES + lane] = sum;
}
