//! Poseidon over Goldilocks, eight permutations at once, in plain Rust that LLVM turns into AVX2 or AVX-512.
//!
//! Computes exactly plonky2's `Poseidon::poseidon`; round constants and matrix come from its public items. Owns the
//! permutation only: sponges and trees are in [`super::sponge`] and [`super::merkle`].
//!
//! Three things make it faster than eight scalar permutations (`examples/engine_profile.rs` measures by how much):
//! * Every loop runs over lanes of `u64` with the operations vector units have: 32 × 32-bit products, adds, shifts and
//!   signed comparisons; no branches, no 128-bit integers.
//! * The last product of an S-box isn't reduced. It enters the matrix as two signed halves, `l + 2^32 h`, since the
//!   matrix has entries of at most 6 bits and leaves 23 bits of room in a 64-bit lane.
//! * In partial rounds, eleven of twelve elements are only ever multiplied by the matrix. They stay in halves, and are
//!   carried over every third round, when they'd outgrow their lanes. Their round constants move past the matrix to the
//!   next S-box they meet, which leaves one constant a round (Grassi et al., <https://eprint.iacr.org/2019/458>, app. B).
//!
//! Loop nests stand in functions of their own, and S-boxes run one multiplication at a time over the whole state: in
//! larger bodies LLVM falls back to scalar code, and whole S-boxes one after the other are too long a dependency chain
//! for the scheduler to overlap.
#![expect(
    clippy::needless_range_loop,
    reason = "lanes are the index of several arrays at a time, and of LLVM's vectors"
)]

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::hash::poseidon::{
    ALL_ROUND_CONSTANTS, HALF_N_FULL_ROUNDS, N_PARTIAL_ROUNDS, Poseidon, SPONGE_WIDTH,
};

/// Permutations per call.
pub const LANES: usize = 8;
/// Element `i` of every state.
pub type Lanes = [u64; LANES];
/// [`LANES`] states, element by element. Any `u64` stands for its residue.
pub type State = [Lanes; SPONGE_WIDTH];

/// The field's order, 2^64 − 2^32 + 1.
const ORDER: u64 = 0xffff_ffff_0000_0001;
/// 2^64 mod [`ORDER`], and the mask of a low half.
const EPSILON: u64 = 0xffff_ffff;
/// Shifts unsigned order onto signed order, the only one AVX2 compares in.
const SIGN: u64 = 1 << 63;

/// A value `l + 2^32 h` per lane, halves unreduced.
struct Halves {
    l: State,
    h: State,
}

/// Permutes every state. Takes any `u64`s; returns residues that may lie in `ORDER..2^64`, see [`canonical`].
pub fn permute(state: &mut State) {
    permute_observed(state, |_, _| (), |_, _| ());
}

/// [`permute`], except that what goes into S-boxes passes through the caller's hands: all elements for full rounds 1 to
/// 7, element 0 for partial rounds 0 to 21. The constraints of plonky2's Poseidon gate are about these values.
#[inline(always)]
pub fn permute_observed(
    state: &mut State,
    mut at_full: impl FnMut(usize, &mut State),
    at_partial: impl FnMut(usize, &mut Lanes),
) {
    let mut halves = Halves { l: [[0; LANES]; SPONGE_WIDTH], h: [[0; LANES]; SPONGE_WIDTH] };
    let (first, second) = FULL_ROUNDS.split_at(HALF_N_FULL_ROUNDS);
    add_first_constants(state);
    for (round, constants) in first.iter().enumerate() {
        if round > 0 {
            at_full(round, state);
        }
        full_sboxes(state, &mut halves);
        mix(&halves, state, constants);
    }
    partial_rounds(state, &mut halves, at_partial);
    mix(&halves, state, &AFTER_PARTIAL);
    for (round, constants) in second.iter().enumerate() {
        at_full(HALF_N_FULL_ROUNDS + round, state);
        full_sboxes(state, &mut halves);
        mix(&halves, state, constants);
    }
}

/// The permutation's matrix times every state, residues as for [`permute`].
pub fn multiply_matrix(state: &mut State) {
    const NO_CONSTANTS: [Offset; SPONGE_WIDTH] = offsets([0; SPONGE_WIDTH]);
    let halves = Halves { l: state.map(|x| x.map(|x| x & EPSILON)), h: state.map(|x| x.map(|x| x >> 32)) };
    mix(&halves, state, &NO_CONSTANTS);
}

/// The residue below the field's order.
#[inline(always)]
#[must_use]
pub fn canonical(x: u64) -> u64 {
    if x >= ORDER { x - ORDER } else { x }
}

// ---- Constants ------------------------------------------------------------------------------------------------------

type Row = [u64; SPONGE_WIDTH];
/// What is added to both halves of an element.
type Offset = (u64, u64);

const CIRCULANT: Row = <GoldilocksField as Poseidon>::MDS_MATRIX_CIRC;
const DIAGONAL: Row = <GoldilocksField as Poseidon>::MDS_MATRIX_DIAG;

const fn add_mod(a: u64, b: u64) -> u64 {
    ((a as u128 + b as u128) % ORDER as u128) as u64
}

const fn mul_mod(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) % ORDER as u128) as u64
}

const fn mul_matrix(v: Row) -> Row {
    let mut out = [0; SPONGE_WIDTH];
    let mut r = 0;
    while r < SPONGE_WIDTH {
        let mut i = 0;
        while i < SPONGE_WIDTH {
            out[r] = add_mod(out[r], mul_mod(CIRCULANT[i], v[(i + r) % SPONGE_WIDTH]));
            i += 1;
        }
        out[r] = add_mod(out[r], mul_mod(DIAGONAL[r], v[r]));
        r += 1;
    }
    out
}

const fn round_constants(round: usize) -> Row {
    let mut out = [0; SPONGE_WIDTH];
    let mut i = 0;
    while i < SPONGE_WIDTH {
        out[i] = ALL_ROUND_CONSTANTS[round * SPONGE_WIDTH + i];
        i += 1;
    }
    out
}

/// The partial rounds' constants with those of elements 1..12 pushed through the matrix into the next round: element
/// 0's constant before each partial round, and all constants after the last.
const fn push_constants() -> ([u64; N_PARTIAL_ROUNDS], Row) {
    let mut kept = [0; N_PARTIAL_ROUNDS];
    let mut pending = round_constants(HALF_N_FULL_ROUNDS);
    let mut r = 0;
    while r < N_PARTIAL_ROUNDS {
        kept[r] = pending[0];
        pending[0] = 0;
        pending = mul_matrix(pending);
        let next = round_constants(HALF_N_FULL_ROUNDS + r + 1);
        let mut i = 0;
        while i < SPONGE_WIDTH {
            pending[i] = add_mod(pending[i], next[i]);
            i += 1;
        }
        r += 1;
    }
    (kept, pending)
}

const PUSHED: ([u64; N_PARTIAL_ROUNDS], Row) = push_constants();
const PARTIAL: [u64; N_PARTIAL_ROUNDS] = PUSHED.0;

/// `c` as an offset that also makes any low half above −2^42 positive: `c + 2^11·ORDER` with 2^42 moved from the high
/// half, where it is 2^10, to the low one.
const fn offset(c: u64) -> Offset {
    let c = c as u128 + ((ORDER as u128) << 11);
    ((c as u64 & EPSILON) + (1 << 42), (c >> 32) as u64 - (1 << 10))
}

const fn offsets(row: Row) -> [Offset; SPONGE_WIDTH] {
    let mut out = [(0, 0); SPONGE_WIDTH];
    let mut i = 0;
    while i < SPONGE_WIDTH {
        out[i] = offset(row[i]);
        i += 1;
    }
    out
}

const fn first_only(c: u64) -> Row {
    let mut out = [0; SPONGE_WIDTH];
    out[0] = c;
    out
}

/// What each full round adds after its matrix, which is what the next round starts with.
const FULL_ROUNDS: [[Offset; SPONGE_WIDTH]; 2 * HALF_N_FULL_ROUNDS] = [
    offsets(round_constants(1)),
    offsets(round_constants(2)),
    offsets(round_constants(3)),
    offsets(first_only(PARTIAL[0])),
    offsets(round_constants(27)),
    offsets(round_constants(28)),
    offsets(round_constants(29)),
    offsets([0; SPONGE_WIDTH]),
];
const AFTER_PARTIAL: [Offset; SPONGE_WIDTH] = offsets(PUSHED.1);

/// A multiple of the order, `l + 2^32 h` with `l = 1 + 34·2^32`, for the output of a partial S-box: it outweighs the
/// negative low halves that [`partial_round`] leaves, at least −2^27 each, in every row of the matrix.
const PARTIAL_OFFSET: Offset = (1 + (34 << 32), EPSILON - 34);

// ---- Arithmetic on one lane -----------------------------------------------------------------------------------------

/// `2^64 hi + lo` to 64 bits.
#[inline(always)]
fn reduce(hi: u64, lo: u64) -> u64 {
    // 2^96 = −1 takes the top half off, 2^64 = EPSILON adds the half below; at most one wrap each.
    let lo = lo ^ SIGN;
    let t = lo.wrapping_sub(hi >> 32);
    let t = t.wrapping_sub(if t as i64 > lo as i64 { EPSILON } else { 0 });
    let r = t.wrapping_add((hi & EPSILON).wrapping_mul(EPSILON));
    r.wrapping_add(if t as i64 > r as i64 { EPSILON } else { 0 }) ^ SIGN
}

/// The 128-bit product, high word first.
#[inline(always)]
fn mul_wide(a: u64, b: u64) -> (u64, u64) {
    let (a_l, a_h, b_l, b_h) = (a & EPSILON, a >> 32, b & EPSILON, b >> 32);
    let ll = a_l.wrapping_mul(b_l);
    let t = a_l.wrapping_mul(b_h).wrapping_add(ll >> 32);
    let u = a_h.wrapping_mul(b_l).wrapping_add(t & EPSILON);
    (a_h.wrapping_mul(b_h).wrapping_add(t >> 32).wrapping_add(u >> 32), (ll & EPSILON) | (u << 32))
}

#[inline(always)]
fn mul(a: u64, b: u64) -> u64 {
    let (hi, lo) = mul_wide(a, b);
    reduce(hi, lo)
}

#[inline(always)]
fn square(a: u64) -> u64 {
    let (l, h) = (a & EPSILON, a >> 32);
    let (ll, lh, hh) = (l.wrapping_mul(l), l.wrapping_mul(h), h.wrapping_mul(h));
    let t = lh.wrapping_add(ll >> 33);
    reduce(hh.wrapping_add(t >> 31), ll.wrapping_add(lh << 33))
}

/// The product as halves, `l` in (−2^33, 2^32), `h` in [0, 2^33).
#[inline(always)]
fn mul_halves(a: u64, b: u64) -> (u64, u64) {
    let (hi, lo) = mul_wide(a, b);
    let mid = hi & EPSILON;
    ((lo & EPSILON).wrapping_sub(mid).wrapping_sub(hi >> 32), (lo >> 32).wrapping_add(mid))
}

/// `l + 2^32 h` to 64 bits, for `l` and `h` below 2^60.
#[inline(always)]
fn join(l: u64, h: u64) -> u64 {
    let small = l.wrapping_add((h >> 32).wrapping_mul(EPSILON));
    let large = h << 32;
    let sum = large.wrapping_add(small);
    // `small` < 2^63, so the sum wrapped exactly if the top bit went from one to zero.
    sum.wrapping_add(if ((large & !sum) as i64) < 0 { EPSILON } else { 0 })
}

/// The circulant part of the matrix, on halves: length-12 cyclic convolution as three real FFTs of length 4, products of
/// three-term polynomials at 1, −1 and i, and back. All factors are powers of two. After winterfell's `mds_f64_12x12`,
/// which plonky2 uses too; the 1/4 of the inverse transform is in the factors.
#[inline(always)]
fn circulant(s: &Row) -> Row {
    let column = |i: usize| {
        let (a, b, c, d) = (s[i], s[i + 3], s[i + 6], s[i + 9]);
        let (ac, bd) = (a.wrapping_add(c), b.wrapping_add(d));
        (ac.wrapping_add(bd), ac.wrapping_sub(bd), (a.wrapping_sub(c), b.wrapping_sub(d)))
    };
    let (x0, y0, z0) = column(0);
    let (x1, y1, z1) = column(1);
    let (x2, y2, z2) = column(2);

    // At 1: (16, 32, 16).
    let sum = x0.wrapping_add(x1).wrapping_add(x2);
    let (p0, p1, p2) = (sum.wrapping_add(x2) << 4, sum.wrapping_add(x0) << 4, sum.wrapping_add(x1) << 4);
    // At −1: (−1, −8, 2); `m1` is negated.
    let m0 = (y2 << 3).wrapping_sub(y1 << 1).wrapping_sub(y0);
    let m1 = (y0 << 3).wrapping_add(y1).wrapping_add(y2 << 1);
    let m2 = (y0 << 1).wrapping_sub(y1 << 3).wrapping_sub(y2);
    // At i: (2 + i, −4 − i, 16 − i), `b` taken negated.
    let a = |(r, i): Offset| ((r << 1).wrapping_sub(i), r.wrapping_add(i << 1));
    let b = |(r, i): Offset| ((r << 2).wrapping_sub(i), r.wrapping_add(i << 2));
    let c = |(r, i): Offset| ((r << 4).wrapping_add(i), (i << 4).wrapping_sub(r));
    let (a0, a1, a2) = (a(z0), a(z1), a(z2));
    let (b0, b1, b2) = (b(z0), b(z1), b(z2));
    let (c0, c1, c2) = (c(z0), c(z1), c(z2));
    let i0 = (a0.0.wrapping_sub(c1.1).wrapping_add(b2.1), a0.1.wrapping_add(c1.0).wrapping_sub(b2.0));
    let i1 = (a1.0.wrapping_sub(b0.0).wrapping_sub(c2.1), a1.1.wrapping_sub(b0.1).wrapping_add(c2.0));
    let i2 = (c0.0.wrapping_sub(b1.0).wrapping_add(a2.0), c0.1.wrapping_sub(b1.1).wrapping_add(a2.1));

    let mut out = [0; SPONGE_WIDTH];
    let mut column = |i: usize, even: u64, odd: u64, z: Offset| {
        out[i] = even.wrapping_add(z.0);
        out[i + 3] = odd.wrapping_add(z.1);
        out[i + 6] = even.wrapping_sub(z.0);
        out[i + 9] = odd.wrapping_sub(z.1);
    };
    column(0, p0.wrapping_add(m0), p0.wrapping_sub(m0), i0);
    column(1, p1.wrapping_sub(m1), p1.wrapping_add(m1), i1);
    column(2, p2.wrapping_add(m2), p2.wrapping_sub(m2), i2);
    out
}

/// The whole matrix; the diagonal is 8 at the first element and zero elsewhere.
#[inline(always)]
fn matrix(s: &Row) -> Row {
    let mut out = circulant(s);
    out[0] = out[0].wrapping_add(s[0] << 3);
    out
}

// ---- Rounds ---------------------------------------------------------------------------------------------------------

#[inline(never)]
fn add_first_constants(state: &mut State) {
    for (lanes, &c) in state.iter_mut().zip(&ALL_ROUND_CONSTANTS) {
        for x in lanes {
            let sum = x.wrapping_add(c);
            *x = sum.wrapping_add(if sum < c { EPSILON } else { 0 });
        }
    }
}

#[inline(never)]
fn full_sboxes(state: &State, out: &mut Halves) {
    let (x, l, h) = (state.as_flattened(), out.l.as_flattened_mut(), out.h.as_flattened_mut());
    for j in 0..SPONGE_WIDTH * LANES {
        l[j] = square(x[j]);
    }
    for j in 0..SPONGE_WIDTH * LANES {
        h[j] = square(l[j]);
        l[j] = mul(l[j], x[j]);
    }
    for j in 0..SPONGE_WIDTH * LANES {
        (l[j], h[j]) = mul_halves(l[j], h[j]);
    }
}

/// Matrix and constants, back to one word an element.
#[inline(never)]
fn mix(halves: &Halves, state: &mut State, constants: &[Offset; SPONGE_WIDTH]) {
    for k in 0..LANES {
        let l = matrix(&std::array::from_fn(|i| halves.l[i][k]));
        let h = matrix(&std::array::from_fn(|i| halves.h[i][k]));
        for i in 0..SPONGE_WIDTH {
            state[i][k] = join(l[i].wrapping_add(constants[i].0), h[i].wrapping_add(constants[i].1));
        }
    }
}

/// All partial rounds but for the last one's matrix.
///
/// Rounds go in threes: halves of at most 2^38 grow by a factor of 264 < 2^8.05 a round, which the 63 bits that
/// [`join`] allows bear three times.
#[inline(never)]
fn partial_rounds(state: &State, halves: &mut Halves, mut at_sbox: impl FnMut(usize, &mut Lanes)) {
    const { assert!(N_PARTIAL_ROUNDS % 3 == 1) };
    let mut first = state[0];
    for i in 1..SPONGE_WIDTH {
        for k in 0..LANES {
            halves.l[i][k] = state[i][k] & EPSILON;
            halves.h[i][k] = state[i][k] >> 32;
        }
    }
    for (i, constants) in PARTIAL[1..].as_chunks::<3>().0.iter().enumerate() {
        at_sbox(3 * i, &mut first);
        partial_round::<false>(halves, &mut first, constants[0]);
        at_sbox(3 * i + 1, &mut first);
        partial_round::<false>(halves, &mut first, constants[1]);
        at_sbox(3 * i + 2, &mut first);
        partial_round::<true>(halves, &mut first, constants[2]);
    }
    at_sbox(N_PARTIAL_ROUNDS - 1, &mut first);
    for k in 0..LANES {
        (halves.l[0][k], halves.h[0][k]) = power_of_seven(first[k]);
    }
}

#[inline(always)]
fn power_of_seven(x: u64) -> (u64, u64) {
    let x2 = square(x);
    mul_halves(mul(x, x2), square(x2))
}

/// S-box on `first`, then the matrix. Element 0 comes out in `first`, the others in `halves`, carried if `CARRY`.
#[inline(always)]
fn partial_round<const CARRY: bool>(halves: &mut Halves, first: &mut Lanes, constant: u64) {
    let (c_l, c_h) = (constant & EPSILON, constant >> 32);
    for k in 0..LANES {
        let (l, h) = power_of_seven(first[k]);
        halves.l[0][k] = l.wrapping_add(PARTIAL_OFFSET.0);
        halves.h[0][k] = h.wrapping_add(PARTIAL_OFFSET.1);
    }
    for k in 0..LANES {
        let l = matrix(&std::array::from_fn(|i| halves.l[i][k]));
        let h = matrix(&std::array::from_fn(|i| halves.h[i][k]));
        first[k] = join(l[0].wrapping_add(c_l), h[0].wrapping_add(c_h));
        for i in 1..SPONGE_WIDTH {
            (halves.l[i][k], halves.h[i][k]) = if CARRY {
                // 2^64 = 2^32 − 1 for what spills over the high half.
                let spill = h[i] >> 32;
                let high = (h[i] & EPSILON).wrapping_add(spill).wrapping_add(l[i] >> 32);
                ((l[i] & EPSILON).wrapping_sub(spill), high)
            } else {
                (l[i], h[i])
            };
        }
    }
}
