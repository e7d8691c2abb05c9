// Pairs of atoms in the bins of a histogram: the GPU twin of `bins` in `src/distances/bins.rs`, which is the definition.
//
//     bin = floor(t),   t = r / width
//
// What lies too near to the edge of a bin is not counted but handed back: the host decides. One workgroup counts the
// meetings of one group. `meet.wgsl` stands in front of it; the structs are those of `src/engine/gpu/bins/layout.rs`, and
// a test compares them.

// Bins that are counted in the workgroup's own memory; more of them are counted where all can see them.
const NEAR: u32 = 3584u;

struct Group {
    first: u32,
    end: u32,
    table: u32,
}

struct Settings {
    bins: u32,
    room: u32,
}

@group(0) @binding(0) var<storage, read> places: array<Place>;
@group(0) @binding(1) var<storage, read> meetings: array<Meeting>;
@group(0) @binding(2) var<storage, read> groups: array<Group>;
// How many pairs were in doubt; then, for each table, the bins and what lies beyond them.
@group(0) @binding(3) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> doubts: array<Doubt>;
@group(0) @binding(5) var<uniform> settings: Settings;

var<workgroup> others: array<Place, LANES>;
var<workgroup> near: array<atomic<u32>, NEAR>;
var<workgroup> beyond: atomic<u32>;

fn count(bin: u32, table: u32) {
    if settings.bins <= NEAR {
        atomicAdd(&near[bin], 1u);
    } else {
        atomicAdd(&counts[table + bin], 1u);
    }
}

// Is the pair on one side of the edge or the other? r = 0 is none.
fn is_doubtful(distance: Distance) -> bool {
    let low = abs(distance.past) < DOUBT && distance.whole > 0;
    return low || abs(distance.past - 1.0) < DOUBT;
}

fn hand_back(doubt: Doubt) {
    let place = atomicAdd(&counts[0], 1u);
    if place < settings.room {
        doubts[place] = doubt;
    }
}

// Counts one pair, and says whether it lies beyond the bins.
fn take(here: Place, doubt: Doubt, there: Place, table: u32) -> bool {
    let distance = distance_between(here, there, i32(settings.bins));
    if distance.whole > i32(settings.bins) + 1 {
        return true;
    }
    if is_doubtful(distance) {
        hand_back(doubt);
        return false;
    }
    let bin = u32(distance.whole + select(0, 1, distance.past >= 1.0) - select(0, 1, distance.past < 0.0 && distance.whole > 0));
    if bin >= settings.bins {
        return true;
    }
    count(bin, table);
    return false;
}

// The pairs of one atom of the first tile; gives how many lie beyond the bins.
fn look_around(meeting: Meeting, index: u32, lane: u32, table: u32) -> u32 {
    let a = meeting.a + lane;
    let here = places[a];
    var far = 0u;
    for (var j = select(0u, lane + 1u, meeting.once == 1u); j < meeting.count_b; j++) {
        far += select(0u, 1u, take(here, Doubt(a, meeting.b + j, index), others[j], table));
    }
    return far;
}

@compute @workgroup_size(LANES)
fn bins(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let group = groups[id.x];
    for (var k = lane; k < NEAR; k += LANES) {
        atomicStore(&near[k], 0u);
    }
    if lane == 0u {
        atomicStore(&beyond, 0u);
    }
    var far = 0u;
    for (var m = group.first; m < group.end; m++) {
        let meeting = meetings[m];
        workgroupBarrier();
        if lane < meeting.count_b {
            others[lane] = moved(places[meeting.b + lane], meeting);
        }
        workgroupBarrier();
        if lane < meeting.count_a {
            far += look_around(meeting, m, lane, group.table);
        }
    }
    atomicAdd(&beyond, far);
    workgroupBarrier();
    for (var k = lane; k < min(settings.bins, NEAR); k += LANES) {
        let here = atomicLoad(&near[k]);
        if here > 0u {
            atomicAdd(&counts[group.table + k], here);
        }
    }
    if lane == 0u {
        atomicAdd(&counts[group.table + settings.bins], atomicLoad(&beyond));
    }
}
