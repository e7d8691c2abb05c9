// What the kernels that look at pairs of atoms share: it stands in front of `bins.wgsl` and of `moments.wgsl`.
//
// All lengths are in some unit (the width of a bin, the distance of two nodes), each as a whole number of it and what is
// left, so that a distance t comes out right to a few 1e-6 of a unit however long it is.
//
// A meeting is a tile of up to LANES atoms of one kind, and another such tile, there or in another cell. The structs are
// those of `src/engine/gpu/layout.rs`; a test compares them.

const LANES: u32 = 64u;
// It is not certain on which side of a place a pair lies that is nearer to it than this, in units.
const DOUBT: f32 = 7.62939453125e-6;

struct Place {
    x: i32,
    y: i32,
    z: i32,
    dx: f32,
    dy: f32,
    dz: f32,
}

struct Meeting {
    a: u32,
    b: u32,
    count_a: u32,
    count_b: u32,
    once: u32,
    x: i32,
    y: i32,
    z: i32,
    dx: f32,
    dy: f32,
    dz: f32,
}

struct Doubt {
    a: u32,
    b: u32,
    meeting: u32,
}

// A place, moved by as many cells as the meeting says.
fn moved(place: Place, by: Meeting) -> Place {
    return Place(
        place.x + by.x, place.y + by.y, place.z + by.z,
        place.dx + by.dx, place.dy + by.dy, place.dz + by.dz,
    );
}

// A whole number near t, and how far t is past it.
struct Distance {
    whole: i32,
    past: f32,
}

// Squares of whole numbers are subtracted before anything is rounded. What is far out along one axis is not squared: no
// sum of squares is beyond an i32.
fn distance_between(here: Place, there: Place, reach: i32) -> Distance {
    let x = there.x - here.x;
    let y = there.y - here.y;
    let z = there.z - here.z;
    let farthest = max(max(abs(x), abs(y)), abs(z));
    if farthest > reach + 2 {
        return Distance(farthest, 0.0);
    }
    let dx = there.dx - here.dx;
    let dy = there.dy - here.dy;
    let dz = there.dz - here.dz;
    let square = x * x + y * y + z * z;
    let rest = dx * (2.0 * f32(x) + dx) + dy * (2.0 * f32(y) + dy) + dz * (2.0 * f32(z) + dz);
    let about = sqrt(max(f32(square) + rest, 0.0));
    let whole = i32(about);
    // Two atoms at one place are no distance apart.
    let past = (f32(square - whole * whole) + rest) / max(f32(whole) + about, 1e-6);
    return Distance(whole, past);
}
