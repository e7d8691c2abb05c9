// Pairs of atoms written down at the nodes of a lattice of distances: the GPU twin of `Moments` in
// `src/distances/spline.rs`.
//
//     a pair at t = k + s, 0 <= s < 1, adds w s^n to the n-th moment of node k,   n = 0 ... 7
//
// The weight w is that of both atoms, or that times what a strain e does to the distance: v·ev / (|v| scale).
//
// Numbers are added up as whole ones, a weight of one as `settings.one`: sums do not depend on the order, and every run
// gives the same bits. A sum beyond an i32 shows in the check sum, and the host does it again with a smaller one.
// One workgroup takes the meetings of one group to one window of nodes. `meet.wgsl` stands in front of it; the structs are
// those of `src/engine/gpu/moments/layout.rs`, and a test compares them.

// Nodes of a window, and moments of each.
const NODES: u32 = 448u;
const MOMENTS: u32 = 8u;
const NUMBERS: u32 = NODES * MOMENTS;

struct Group {
    first: u32,
    end: u32,
    table: u32,
    window: u32,
}

struct Settings {
    least: i32,
    least_past: f32,
    most: i32,
    most_past: f32,
    room: u32,
    strained: u32,
    one: f32,
    xx: f32,
    yy: f32,
    zz: f32,
    xy: f32,
    xz: f32,
    yz: f32,
}

@group(0) @binding(0) var<storage, read> places: array<Place>;
@group(0) @binding(1) var<storage, read> meetings: array<Meeting>;
@group(0) @binding(2) var<storage, read> groups: array<Group>;
// The meetings of all groups.
@group(0) @binding(3) var<storage, read> entries: array<u32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
// How many pairs were in doubt and how many were looked at; then what all pairs weigh that were written down, and the
// moments, as two words each.
@group(0) @binding(5) var<storage, read_write> sums: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> doubts: array<Doubt>;
@group(0) @binding(7) var<uniform> settings: Settings;

var<workgroup> others: array<Place, LANES>;
var<workgroup> other_weights: array<f32, LANES>;
var<workgroup> near: array<atomic<i32>, NUMBERS>;
var<workgroup> looked: atomic<u32>;

// By how much a distance is beyond another one.
fn beyond(distance: Distance, whole: i32, past: f32) -> f32 {
    return f32(distance.whole - whole) + (distance.past - past);
}

// What becomes longer by how much, in units of the scale.
fn stretch(here: Place, there: Place, distance: Distance) -> f32 {
    let x = f32(there.x - here.x) + (there.dx - here.dx);
    let y = f32(there.y - here.y) + (there.dy - here.dy);
    let z = f32(there.z - here.z) + (there.dz - here.dz);
    let along = settings.xx * x * x + settings.yy * y * y + settings.zz * z * z
        + settings.xy * x * y + settings.xz * x * z + settings.yz * y * z;
    return along / (f32(distance.whole) + distance.past);
}

// Writes a pair down, if its node is one of the window; gives what it weighs there.
fn write_down(distance: Distance, weight: f32, first: i32) -> i32 {
    let step = i32(floor(distance.past));
    let node = distance.whole + step - first;
    if node < 0 || node >= i32(NODES) {
        return 0;
    }
    let s = distance.past - f32(step);
    var moment = settings.one * weight;
    for (var n = 0u; n < MOMENTS; n++) {
        atomicAdd(&near[u32(node) * MOMENTS + n], i32(round(moment)));
        moment *= s;
    }
    return i32(round(settings.one * weight));
}

fn hand_back(doubt: Doubt) {
    let place = atomicAdd(&sums[0], 1u);
    if place < settings.room {
        doubts[place] = doubt;
    }
}

// How many pairs were looked at, and what those weigh that were written down.
struct Seen {
    count: u32,
    weight: i32,
}

// The pairs of one atom of the first tile.
fn look_around(meeting: Meeting, index: u32, lane: u32, first: i32) -> Seen {
    let a = meeting.a + lane;
    let here = places[a];
    let weight = weights[a];
    let start = select(0u, lane + 1u, meeting.once == 1u);
    var written = 0;
    for (var j = start; j < meeting.count_b; j++) {
        let there = others[j];
        let distance = distance_between(here, there, settings.most + 1);
        let past_least = beyond(distance, settings.least, settings.least_past);
        let past_most = beyond(distance, settings.most, settings.most_past);
        if min(abs(past_least), abs(past_most)) < DOUBT {
            // The window that the end itself is in hands it back, and no other.
            let end = select(settings.most, settings.least, abs(past_least) < DOUBT);
            if end >= first && end < first + i32(NODES) {
                hand_back(Doubt(a, meeting.b + j, index));
            }
        } else if past_least > 0.0 && past_most < 0.0 {
            var both = weight * other_weights[j];
            if settings.strained == 1u {
                both *= stretch(here, there, distance);
            }
            written += write_down(distance, both, first);
        }
    }
    return Seen(max(meeting.count_b, start) - start, written);
}

// Adds a number to one of two words.
fn add_wide(place: u32, number: i32) {
    let low = bitcast<u32>(number);
    let before = atomicAdd(&sums[place], low);
    let carry = select(0u, 1u, before > 0xffffffffu - low);
    let high = select(0u, 0xffffffffu, number < 0) + carry;
    if high != 0u {
        atomicAdd(&sums[place + 1u], high);
    }
}

@compute @workgroup_size(LANES)
fn moments(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let group = groups[id.x];
    let first = i32(group.window * NODES);
    for (var k = lane; k < NUMBERS; k += LANES) {
        atomicStore(&near[k], 0);
    }
    if lane == 0u {
        atomicStore(&looked, 0u);
    }
    var seen = Seen(0u, 0);
    for (var e = group.first; e < group.end; e++) {
        let index = entries[e];
        let meeting = meetings[index];
        workgroupBarrier();
        if lane < meeting.count_b {
            others[lane] = moved(places[meeting.b + lane], meeting);
            other_weights[lane] = weights[meeting.b + lane];
        }
        workgroupBarrier();
        if lane < meeting.count_a {
            let more = look_around(meeting, index, lane, first);
            seen = Seen(seen.count + more.count, seen.weight + more.weight);
        }
    }
    atomicAdd(&looked, seen.count);
    add_wide(2u, seen.weight);
    workgroupBarrier();
    let table = 4u + 2u * (group.table + u32(first) * MOMENTS);
    for (var k = lane; k < NUMBERS; k += LANES) {
        let number = atomicLoad(&near[k]);
        if number != 0 {
            add_wide(table + 2u * k, number);
        }
    }
    if lane == 0u {
        atomicAdd(&sums[1], atomicLoad(&looked));
    }
}
