// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// Written by tools/poseidon.py. Change that, not this.

/// plonky2's Poseidon permutation over the Goldilocks field: twelve elements, x^7, 8 full and 22 partial rounds.
///
/// The state is six words from 0x80, each of two lanes of 85 bits: element 2 k in the lower, 2 k + 1 in the upper; what
/// is above is of no meaning. Lanes need not be reduced. Up to 0x380 memory is the permutation's, so nothing may be
/// allocated there.
///
/// A full round's matrix is circulant but for the first element, and its entries are below 2^6: three lanes of products fit a
/// word, so two-lane chunks are convolved modulo X^6 - 1 = (X^3 - 1)(X^3 + 1), in 18 multiplications. In a partial round the
/// matrix is made sparse; eleven of its sums never need reducing, since 2^132 + 22 * 2^128 times 2^64, eleven times, stays
/// below 2^202.
abstract contract PoseidonGoldilocks {
    function _permute() internal pure {
        assembly {
            function boxes(k0, k1, k2, k3, k4, k5) {
                {
                    let t := add(mload(0x80), k0)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    let y := mulmod(mul(q, x), mul(q, q), 0xffffffff00000001)
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x140, add(y, shl(85, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))))
                }
                {
                    let t := add(mload(0xa0), k1)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    let y := mulmod(mul(q, x), mul(q, q), 0xffffffff00000001)
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x160, add(y, shl(85, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))))
                }
                {
                    let t := add(mload(0xc0), k2)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    let y := mulmod(mul(q, x), mul(q, q), 0xffffffff00000001)
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x180, add(y, shl(85, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))))
                }
                {
                    let t := add(mload(0xe0), k3)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    let y := mulmod(mul(q, x), mul(q, q), 0xffffffff00000001)
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x1a0, add(y, shl(85, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))))
                }
                {
                    let t := add(mload(0x100), k4)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    let y := mulmod(mul(q, x), mul(q, q), 0xffffffff00000001)
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x1c0, add(y, shl(85, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))))
                }
                {
                    let t := add(mload(0x120), k5)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    let y := mulmod(mul(q, x), mul(q, q), 0xffffffff00000001)
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x1e0, add(y, shl(85, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))))
                }
            }
            function wideBoxes(k0, k1, k2, k3, k4, k5) {
                {
                    let t := add(mload(0x80), k0)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x200, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x220, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                }
                {
                    let t := add(mload(0xa0), k1)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x240, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x260, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                }
                {
                    let t := add(mload(0xc0), k2)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x280, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x2a0, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                }
                {
                    let t := add(mload(0xe0), k3)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x2c0, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x2e0, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                }
                {
                    let t := add(mload(0x100), k4)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x300, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x320, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                }
                {
                    let t := add(mload(0x120), k5)
                    let x := and(t, 0x1fffffffffffffffffffff)
                    let q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x340, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                    x := and(shr(85, t), 0x1fffffffffffffffffffff)
                    q := mulmod(x, x, 0xffffffff00000001)
                    mstore(0x360, mulmod(mul(q, x), mul(q, q), 0xffffffff00000001))
                }
            }
            function mix() {
                let u0 := mload(0x140)
                let v0 := mload(0x1a0)
                let u1 := mload(0x160)
                let v1 := mload(0x1c0)
                let u2 := mload(0x180)
                let v2 := mload(0x1e0)
                let first := shl(3, and(u0, 0x1fffffffffffffffffffff))
                {
                    let t := sub(u0, v0)
                    u0 := add(u0, v0)
                    v0 := t
                }
                {
                    let t := sub(u1, v1)
                    u1 := add(u1, v1)
                    v1 := t
                }
                {
                    let t := sub(u2, v2)
                    u2 := add(u2, v2)
                    v2 := t
                }
                let a2 := add(mul(0x38000000000000000000050, u0), add(mul(0x44000000000000000000024, u1), mul(0x6000000000000000000001e, u2)))
                let a5 := add(mul(0xffffffffffffffffffffffffffffffffffffffffffbffffffffffffffffffffe, v0), add(mul(0x4000000000000000000020, v1), mul(0xffffffffffffffffffffffffffffffffffffffffff0000000000000000000004, v2)))
                {
                    let t := sub(a2, a5)
                    a2 := shr(1, add(a2, a5))
                    a5 := shr(1, t)
                }
                let a0 := add(mul(0x6000000000000000000001e, u0), add(mul(0x38000000000000000000050, u1), add(mul(0x44000000000000000000024, u2), first)))
                let a3 := add(mul(0xffffffffffffffffffffffffffffffffffffffffff0000000000000000000004, v0), add(mul(0x4000000000000000000002, v1), add(mul(0xffffffffffffffffffffffffffffffffffffffffffbfffffffffffffffffffe0, v2), first)))
                {
                    let t := sub(a0, a3)
                    a0 := shr(1, add(a0, a3))
                    a3 := shr(1, t)
                }
                mstore(0x80, add(a0, shr(170, a5)))
                mstore(0xe0, add(a3, shr(170, a2)))
                let a1 := add(mul(0x44000000000000000000024, u0), add(mul(0x6000000000000000000001e, u1), mul(0x38000000000000000000050, u2)))
                let a4 := add(mul(0x4000000000000000000020, v0), add(mul(0xffffffffffffffffffffffffffffffffffffffffff0000000000000000000004, v1), mul(0x4000000000000000000002, v2)))
                {
                    let t := sub(a1, a4)
                    a1 := shr(1, add(a1, a4))
                    a4 := shr(1, t)
                }
                mstore(0xa0, add(a1, shr(170, a0)))
                mstore(0x100, add(a4, shr(170, a3)))
                mstore(0xc0, add(a2, shr(170, a1)))
                mstore(0x120, add(a5, shr(170, a4)))
            }
            function dense() {
                mstore(0x80, add(mul(0x19, mload(0x200)), add(mul(0xf, mload(0x220)), add(mul(0x29, mload(0x240)), add(mul(0x10, mload(0x260)), add(mul(0x2, mload(0x280)), add(mul(0x1c, mload(0x2a0)), add(mul(0xd, mload(0x2c0)), add(mul(0xd, mload(0x2e0)), add(mul(0x27, mload(0x300)), add(mul(0x12, mload(0x320)), add(mul(0x22, mload(0x340)), mul(0x14, mload(0x360))))))))))))))
                mstore(0xa0, add(mul(0x78566230aa7cc5d0, mload(0x200)), add(mul(0x817bd8a7869ed1b5, mload(0x220)), add(mul(0xd267254bea1097f4, mload(0x240)), add(mul(0x60c33ebd1e023f0a, mload(0x260)), add(mul(0xa89ef32ae1462322, mload(0x280)), add(mul(0x6250f5f176d483e7, mload(0x2a0)), add(mul(0xe16a6c1dee3ba347, mload(0x2c0)), add(mul(0xec9730136b7c2c05, mload(0x2e0)), add(mul(0x3cf7c3a39d94c236, mload(0x300)), add(mul(0xb4707207455f57e3, mload(0x320)), add(mul(0xaadb39e83e76a9e0, mload(0x340)), mul(0x32f8ae916e567d39, mload(0x360))))))))))))))
                mstore(0xc0, add(mul(0xdbf23e50005e7f24, mload(0x200)), add(mul(0x819f2c14a8366b1f, mload(0x220)), add(mul(0x2dc10fce3233f443, mload(0x240)), add(mul(0xdb6945a20d277091, mload(0x260)), add(mul(0x77c1a153e73659e8, mload(0x280)), add(mul(0xaad1255d46e78f07, mload(0x2a0)), add(mul(0x13d316e45539aef4, mload(0x2c0)), add(mul(0xe1ecc5c21eec0646, mload(0x2e0)), add(mul(0x9e62c7d7b000cb0b, mload(0x300)), add(mul(0x8e1de42b665c6706, mload(0x320)), add(mul(0xcd9bf0bd292c5fda, mload(0x340)), mul(0xaadb39e83e76a9e0, mload(0x360))))))))))))))
                mstore(0xe0, add(mul(0xb4a02c5c826d523e, mload(0x200)), add(mul(0x7a5cf5b7b922e946, mload(0x220)), add(mul(0xfa9db0de2d852e7a, mload(0x240)), add(mul(0x383dd77e07998487, mload(0x260)), add(mul(0x2aec981be4b62ed5, mload(0x280)), add(mul(0x8a00c7c83c762584, mload(0x2a0)), add(mul(0x577e0472764f061d, mload(0x2c0)), add(mul(0x956d3c8b5528e064, mload(0x2e0)), add(mul(0xe202be7ad7265af6, mload(0x300)), add(mul(0xee7b04568203481, mload(0x320)), add(mul(0x8e1de42b665c6706, mload(0x340)), mul(0xb4707207455f57e3, mload(0x360))))))))))))))
                mstore(0x100, add(mul(0x466d8f66a8f9fed5, mload(0x200)), add(mul(0x727eca45c8d7bb71, mload(0x220)), add(mul(0xde2a0516f8c9d943, mload(0x240)), add(mul(0xe04ea1957ad8305c, mload(0x260)), add(mul(0xb70fb5f2b4f1f85f, mload(0x280)), add(mul(0xc734f3829ed30b0c, mload(0x2a0)), add(mul(0x226a4dcf5db3316d, mload(0x2c0)), add(mul(0x6df1d31fa84398f4, mload(0x2e0)), add(mul(0x82178371fa5fff69, mload(0x300)), add(mul(0xe202be7ad7265af6, mload(0x320)), add(mul(0x9e62c7d7b000cb0b, mload(0x340)), mul(0x3cf7c3a39d94c236, mload(0x360))))))))))))))
                mstore(0x120, add(mul(0x68da2264f65ec3e, mload(0x200)), add(mul(0x605a82c52b5ad2f1, mload(0x220)), add(mul(0xe6fdf23648931b99, mload(0x240)), add(mul(0xd499fcbf63fbd266, mload(0x260)), add(mul(0x7c66d474cd2087cb, mload(0x280)), add(mul(0xb1a0132288b1619b, mload(0x2a0)), add(mul(0x3373035a3ca3dac6, mload(0x2c0)), add(mul(0xf4898a1a3554ee49, mload(0x2e0)), add(mul(0x6df1d31fa84398f4, mload(0x300)), add(mul(0x956d3c8b5528e064, mload(0x320)), add(mul(0xe1ecc5c21eec0646, mload(0x340)), mul(0xec9730136b7c2c05, mload(0x360))))))))))))))
                mstore(0x140, add(mul(0xb59f9ff0ac6d5d78, mload(0x200)), add(mul(0x59ccc4d5184bc93a, mload(0x220)), add(mul(0x3743057c07a5dbfa, mload(0x240)), add(mul(0x462269e4b04620a5, mload(0x260)), add(mul(0x39302966be7df654, mload(0x280)), add(mul(0x88685b4f0798dfd1, mload(0x2a0)), add(mul(0x441f3a3747b5adb7, mload(0x2c0)), add(mul(0x3373035a3ca3dac6, mload(0x2e0)), add(mul(0x226a4dcf5db3316d, mload(0x300)), add(mul(0x577e0472764f061d, mload(0x320)), add(mul(0x13d316e45539aef4, mload(0x340)), mul(0xe16a6c1dee3ba347, mload(0x360))))))))))))))
                mstore(0x160, add(mul(0xcfb03c902d447551, mload(0x200)), add(mul(0x66c8bab2096cfd38, mload(0x220)), add(mul(0xa6fdb8ebccc51667, mload(0x240)), add(mul(0x63c9679d8572a867, mload(0x260)), add(mul(0xb827c807875511c0, mload(0x280)), add(mul(0xfc02e869e21b72f8, mload(0x2a0)), add(mul(0x88685b4f0798dfd1, mload(0x2c0)), add(mul(0xb1a0132288b1619b, mload(0x2e0)), add(mul(0xc734f3829ed30b0c, mload(0x300)), add(mul(0x8a00c7c83c762584, mload(0x320)), add(mul(0xaad1255d46e78f07, mload(0x340)), mul(0x6250f5f176d483e7, mload(0x360))))))))))))))
                mstore(0x180, add(mul(0x2044ce14eaf8f5d9, mload(0x200)), add(mul(0xeb4c0ce280c3e935, mload(0x220)), add(mul(0x2c4916605e3dea58, mload(0x240)), add(mul(0x81c44e9699915693, mload(0x260)), add(mul(0xa4daffb3ffd0e78f, mload(0x280)), add(mul(0xb827c807875511c0, mload(0x2a0)), add(mul(0x39302966be7df654, mload(0x2c0)), add(mul(0x7c66d474cd2087cb, mload(0x2e0)), add(mul(0xb70fb5f2b4f1f85f, mload(0x300)), add(mul(0x2aec981be4b62ed5, mload(0x320)), add(mul(0x77c1a153e73659e8, mload(0x340)), mul(0xa89ef32ae1462322, mload(0x360))))))))))))))
                mstore(0x1a0, add(mul(0xfb9373c8481e0f0d, mload(0x200)), add(mul(0x17f9202c16676b2f, mload(0x220)), add(mul(0xe95c10ae32e05085, mload(0x240)), add(mul(0x62ecbe05e02433fc, mload(0x260)), add(mul(0x81c44e9699915693, mload(0x280)), add(mul(0x63c9679d8572a867, mload(0x2a0)), add(mul(0x462269e4b04620a5, mload(0x2c0)), add(mul(0xd499fcbf63fbd266, mload(0x2e0)), add(mul(0xe04ea1957ad8305c, mload(0x300)), add(mul(0x383dd77e07998487, mload(0x320)), add(mul(0xdb6945a20d277091, mload(0x340)), mul(0x60c33ebd1e023f0a, mload(0x360))))))))))))))
                mstore(0x1c0, add(mul(0x72af70cdcb99214f, mload(0x200)), add(mul(0x9b6e5164ed35d878, mload(0x220)), add(mul(0x97f9b7d2cfc2ade5, mload(0x240)), add(mul(0xe95c10ae32e05085, mload(0x260)), add(mul(0x2c4916605e3dea58, mload(0x280)), add(mul(0xa6fdb8ebccc51667, mload(0x2a0)), add(mul(0x3743057c07a5dbfa, mload(0x2c0)), add(mul(0xe6fdf23648931b99, mload(0x2e0)), add(mul(0xde2a0516f8c9d943, mload(0x300)), add(mul(0xfa9db0de2d852e7a, mload(0x320)), add(mul(0x2dc10fce3233f443, mload(0x340)), mul(0xd267254bea1097f4, mload(0x360))))))))))))))
                mstore(0x1e0, add(mul(0xe3ef40eacc6ff78d, mload(0x200)), add(mul(0x6fadc9347faeee81, mload(0x220)), add(mul(0x9b6e5164ed35d878, mload(0x240)), add(mul(0x17f9202c16676b2f, mload(0x260)), add(mul(0xeb4c0ce280c3e935, mload(0x280)), add(mul(0x66c8bab2096cfd38, mload(0x2a0)), add(mul(0x59ccc4d5184bc93a, mload(0x2c0)), add(mul(0x605a82c52b5ad2f1, mload(0x2e0)), add(mul(0x727eca45c8d7bb71, mload(0x300)), add(mul(0x7a5cf5b7b922e946, mload(0x320)), add(mul(0x819f2c14a8366b1f, mload(0x340)), mul(0x817bd8a7869ed1b5, mload(0x360))))))))))))))
            }
            function sparse() {
                let s0 := mload(0x80)
                let s1 := mload(0xa0)
                let s2 := mload(0xc0)
                let s3 := mload(0xe0)
                let s4 := mload(0x100)
                let s5 := mload(0x120)
                let s6 := mload(0x140)
                let s7 := mload(0x160)
                let s8 := mload(0x180)
                let s9 := mload(0x1a0)
                let s10 := mload(0x1c0)
                s0 := add(s0, 0x3cc3f892184df408)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x3d999c961b7c63b0, s1), add(mul(0x814e82efcd172529, s2), add(mul(0x2421e5d236704588, s3), add(mul(0x887af7d4dd482328, s4), add(mul(0xa5e9c291f6119b27, s5), add(mul(0xbdc52b2676a4b4aa, s6), add(mul(0x64832009d29bcf57, s7), add(mul(0x9c4155174a552cc, s8), add(mul(0x463f9ee03d290810, s9), add(mul(0xc810936e64982542, s10), mul(0x43b1c289f7bc3ac, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x94877900674181c3, s0))
                    s2 := add(s2, mul(0xc6c67cc37a2a2bbd, s0))
                    s3 := add(s3, mul(0xd667c2055387940f, s0))
                    s4 := add(s4, mul(0xba63a63e94b5ff0, s0))
                    s5 := add(s5, mul(0x99460cc41b8f079f, s0))
                    s6 := add(s6, mul(0x7ff02375ed524bb3, s0))
                    s7 := add(s7, mul(0xea0870b47a8caf0e, s0))
                    s8 := add(s8, mul(0xabcad82633b7bc9d, s0))
                    s9 := add(s9, mul(0x3b8d135261052241, s0))
                    s10 := add(s10, mul(0xfb4515f5e5b0d539, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0x3ee8011c2b37f77c, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x6754826bf0555fea)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x673655aae8be5a8b, s1), add(mul(0xd510fe714f39fa10, s2), add(mul(0x2c68a099b51c9e73, s3), add(mul(0xa667bfa9aa96999d, s4), add(mul(0x4d67e72f063e2108, s5), add(mul(0xf84dde3e6acda179, s6), add(mul(0x40f9cc8c08f80981, s7), add(mul(0x5ead032050097142, s8), add(mul(0x6591b02092d671bb, s9), add(mul(0xe18c71963dd1b7, s10), mul(0x8a21bcd24a14218a, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xadef3740e71c726, s0))
                    s2 := add(s2, mul(0xa37bf67c6f986559, s0))
                    s3 := add(s3, mul(0xc6b16f7ed4fa1b00, s0))
                    s4 := add(s4, mul(0x6a065da88d8bfc3c, s0))
                    s5 := add(s5, mul(0x4cabc0916844b46f, s0))
                    s6 := add(s6, mul(0x407faac0f02e78d1, s0))
                    s7 := add(s7, mul(0x7a786d9cf0852cf, s0))
                    s8 := add(s8, mul(0x42433fb6949a629a, s0))
                    s9 := add(s9, mul(0x891682a147ce43b0, s0))
                    s10 := add(s10, mul(0x26cfd58e7b003b55, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0x2bbf0ed7b657acb3, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x7f136d86fe52ec6)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x202800f4addbdc87, s1), add(mul(0xe4b5bdb1cc3504ff, s2), add(mul(0xbe32b32a825596e7, s3), add(mul(0x8e0f68c5dc223b9a, s4), add(mul(0x58022d9e1c256ce3, s5), add(mul(0x584d29227aa073ac, s6), add(mul(0x8b9352ad04bef9e7, s7), add(mul(0xaead42a3f445ecbf, s8), add(mul(0x3c667a1d833a3cca, s9), add(mul(0xda6f61838efa1ffe, s10), mul(0xe8f749470bd7c446, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x481ac7746b159c67, s0))
                    s2 := add(s2, mul(0xe367de32f108e278, s0))
                    s3 := add(s3, mul(0x73f260087ad28bec, s0))
                    s4 := add(s4, mul(0x5cfc82216bc1bdca, s0))
                    s5 := add(s5, mul(0xcaccc870a2663a0e, s0))
                    s6 := add(s6, mul(0xdb69cd7b4298c45d, s0))
                    s7 := add(s7, mul(0x7bc9e0c57243e62d, s0))
                    s8 := add(s8, mul(0x3cc51c5d368693ae, s0))
                    s9 := add(s9, mul(0x366b4e8cc068895b, s0))
                    s10 := add(s10, mul(0x2bd18715cdabbca4, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xa752061c4f33b8cf, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xcc31104c136e624c)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xc5b85bab9e5b3869, s1), add(mul(0x45245258aec51cf7, s2), add(mul(0x16e6b8e68b931830, s3), add(mul(0xe2ae0f051418112c, s4), add(mul(0x470e26a0093a65b, s5), add(mul(0x6bef71973a8146ed, s6), add(mul(0x119265be51812daf, s7), add(mul(0xb0be7356254bea2e, s8), add(mul(0x8584defff7589bd7, s9), add(mul(0x3c5fe4aeb1fb52ba, s10), mul(0x9e7cd88acf543a5e, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xb22d2432b72d5098, s0))
                    s2 := add(s2, mul(0x9e18a487f44d2fe4, s0))
                    s3 := add(s3, mul(0x4b39e14ce22abd3c, s0))
                    s4 := add(s4, mul(0x9e77fde2eb315e0d, s0))
                    s5 := add(s5, mul(0xca5e0385fe67014d, s0))
                    s6 := add(s6, mul(0xc2cb99bf1b6bddb, s0))
                    s7 := add(s7, mul(0x99ec1cd2a4460bfe, s0))
                    s8 := add(s8, mul(0x8577a815a2ff843f, s0))
                    s9 := add(s9, mul(0x7d80a6b4fd6518a5, s0))
                    s10 := add(s10, mul(0xeb6c67123eab62cb, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0x8f7851650eca21a5, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xe75f601068e70aca)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x179be4bba87f0a8c, s1), add(mul(0xacf63d95d8887355, s2), add(mul(0x6696670196b0074f, s3), add(mul(0xd99ddf1fe75085f9, s4), add(mul(0xc2597881fef0283b, s5), add(mul(0xcf48395ee6c54f14, s6), add(mul(0x15226a8e4cd8d3b6, s7), add(mul(0xc053297389af5d3b, s8), add(mul(0x2c08893f0d1580e2, s9), add(mul(0xed3cbcff6fcc5ba, s10), mul(0xc82f510ecf81f6d0, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x11ba9a1b81718c2a, s0))
                    s2 := add(s2, mul(0x9f7d798a3323410c, s0))
                    s3 := add(s3, mul(0xa821855c8c1cf5e5, s0))
                    s4 := add(s4, mul(0x535e8d6fac0031b2, s0))
                    s5 := add(s5, mul(0x404e7c751b634320, s0))
                    s6 := add(s6, mul(0xa729353f6e55d354, s0))
                    s7 := add(s7, mul(0x4db97d92e58bb831, s0))
                    s8 := add(s8, mul(0xb53926c27897bf7d, s0))
                    s9 := add(s9, mul(0x965040d52fe115c5, s0))
                    s10 := add(s10, mul(0x9565fa41ebd31fd7, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xaae4438c877ea8f4, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x27bb558ab181ed5e)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x94b06183acb715cc, s1), add(mul(0x500392ed0d431137, s2), add(mul(0x861cc95ad5c86323, s3), add(mul(0x5830a443f86c4ac, s4), add(mul(0x3b68225874a20a7c, s5), add(mul(0x10b3309838e236fb, s6), add(mul(0x9b77fc8bcd559e2c, s7), add(mul(0xbdecf5e0cb9cb213, s8), add(mul(0x30276f1221ace5fa, s9), add(mul(0x7935dd342764a144, s10), mul(0xeac6db520bb03708, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x37f4e36af6073c6e, s0))
                    s2 := add(s2, mul(0x4edc0918210800e9, s0))
                    s3 := add(s3, mul(0xc44998e99eae4188, s0))
                    s4 := add(s4, mul(0x9f4310d05d068338, s0))
                    s5 := add(s5, mul(0x9ec7fe4350680f29, s0))
                    s6 := add(s6, mul(0xc5b2c1fdc0b50874, s0))
                    s7 := add(s7, mul(0xa01920c5ef8b2ebe, s0))
                    s8 := add(s8, mul(0x59fa6f8bd91d58ba, s0))
                    s9 := add(s9, mul(0x8bfc9eb89b515a82, s0))
                    s10 := add(s10, mul(0xbe86a7a2555ae775, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xcbb8bbaa3810babf, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xe0593bc645a018ab)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x7186a80551025f8f, s1), add(mul(0x622247557e9b5371, s2), add(mul(0xc4cbe326d1ad9742, s3), add(mul(0x55f1523ac6a23ea2, s4), add(mul(0xa13dfe77a3d52f53, s5), add(mul(0xe30750b6301c0452, s6), add(mul(0x8bd488070a3a32b, s7), add(mul(0xcd800caef5b72ae3, s8), add(mul(0x83329c90f04233ce, s9), add(mul(0xb5b99e6664a0a3ee, s10), mul(0x6b0731849e200a7f, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x577f9a9e7ee3f9c2, s0))
                    s2 := add(s2, mul(0x88c522b949ace7b1, s0))
                    s3 := add(s3, mul(0x82f07007c8b72106, s0))
                    s4 := add(s4, mul(0x8283d37c6675b50e, s0))
                    s5 := add(s5, mul(0x98b074d9bbac1123, s0))
                    s6 := add(s6, mul(0x75c56fb7758317c1, s0))
                    s7 := add(s7, mul(0xfed24e206052bc72, s0))
                    s8 := add(s8, mul(0x26d7c3d1bc07dae5, s0))
                    s9 := add(s9, mul(0xf88c5e441e28dbb4, s0))
                    s10 := add(s10, mul(0x4fe27f9f96615270, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0x514d4ba49c2b14fe, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xa7ef236c2c5f0e1f)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xec3fabc192b01799, s1), add(mul(0x382b38cee8ee5375, s2), add(mul(0x3bfb6c3f0e616572, s3), add(mul(0x514abd0cf6c7bc86, s4), add(mul(0x47521b1361dcc546, s5), add(mul(0x178093843f863d14, s6), add(mul(0xad1003c5d28918e7, s7), add(mul(0x738450e42495bc81, s8), add(mul(0xaf947c59af5e4047, s9), add(mul(0x4653fb0685084ef2, s10), mul(0x57fde2062ae35bf, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xf02a3ac068ee110b, s0))
                    s2 := add(s2, mul(0xa3630dafb8ae2d7, s0))
                    s3 := add(s3, mul(0xce0dc874eaf9b55c, s0))
                    s4 := add(s4, mul(0x9a95f6cff5b55c7e, s0))
                    s5 := add(s5, mul(0x626d76abfed00c7b, s0))
                    s6 := add(s6, mul(0xa0c1cf1251c204ad, s0))
                    s7 := add(s7, mul(0xdaebd3006321052c, s0))
                    s8 := add(s8, mul(0x3d4bd48b625a8065, s0))
                    s9 := add(s9, mul(0x7f1e584e071f6ed2, s0))
                    s10 := add(s10, mul(0x720574f0501caed3, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xe3260ba93d23540a, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x2f2ed40f0e211d79)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xe376678d843ce55e, s1), add(mul(0x66f3860d7514e7fc, s2), add(mul(0x7817f3dfff8b4ffa, s3), add(mul(0x3929624a9def725b, s4), add(mul(0x126ca37f215a80a, s5), add(mul(0xfce2f5d02762a303, s6), add(mul(0x1bc927375febbad7, s7), add(mul(0x85b481e5243f60bf, s8), add(mul(0x2d3c5f42a39c91a0, s9), add(mul(0x811719919351ae8, s10), mul(0xf669de0add993131, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xab1cbd41d8c1e335, s0))
                    s2 := add(s2, mul(0x9322ed4c0bc2df01, s0))
                    s3 := add(s3, mul(0x51c3c0983d4284e5, s0))
                    s4 := add(s4, mul(0x94178e291145c231, s0))
                    s5 := add(s5, mul(0xfd0f1a973d6b2085, s0))
                    s6 := add(s6, mul(0xd427ad96e2b39719, s0))
                    s7 := add(s7, mul(0x8a52437fecaac06b, s0))
                    s8 := add(s8, mul(0xdc20ee4b8c4c9a80, s0))
                    s9 := add(s9, mul(0xa2c98e9549da2100, s0))
                    s10 := add(s10, mul(0x1603fe12613db5b6, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xe174929433c5505, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x65b0ab09bec15af9)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x7de38bae084da92d, s1), add(mul(0x5b848442237e8a9b, s2), add(mul(0xf6c705da84d57310, s3), add(mul(0x31e6a4bdb6a49017, s4), add(mul(0x889489706e5c5c0f, s5), add(mul(0xe4a205459692a1b, s6), add(mul(0xbac3fa75ee26f299, s7), add(mul(0x5f5894f4057d755e, s8), add(mul(0xb0dc3ecd724bb076, s9), add(mul(0x5e34d8554a6452ba, s10), mul(0x4f78fd8c1fdcc5f, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x3d4eab2b8ef5f796, s0))
                    s2 := add(s2, mul(0xcfff421583896e22, s0))
                    s3 := add(s3, mul(0x4143cb32d39ac3d9, s0))
                    s4 := add(s4, mul(0x22365051b78a5b65, s0))
                    s5 := add(s5, mul(0x6f7fd010d027c9b6, s0))
                    s6 := add(s6, mul(0xd9dd36fba77522ab, s0))
                    s7 := add(s7, mul(0xa44cf1cb33e37165, s0))
                    s8 := add(s8, mul(0x3fc83d3038c86417, s0))
                    s9 := add(s9, mul(0xc4588d418e88d270, s0))
                    s10 := add(s10, mul(0xce1320f10ab80fe2, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xdb5eadbbec18de5d, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x28f0f3bb03d3d776)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x4dd19c38779512ea, s1), add(mul(0xdb79ba02704620e9, s2), add(mul(0x92a29a3675a5d2be, s3), add(mul(0xd5177029fe495166, s4), add(mul(0xd32b3298a13330c1, s5), add(mul(0x251c4a3eb2c5f8fd, s6), add(mul(0xe1c48b26e0d98825, s7), add(mul(0x3301d3362a4ffccb, s8), add(mul(0x9bb6c88de8cd178, s9), add(mul(0xdc05b676564f538a, s10), mul(0x60192d883e473fee, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x1183dfce7c454afd, s0))
                    s2 := add(s2, mul(0x21cea4aa3d3ed949, s0))
                    s3 := add(s3, mul(0xfce6f70303f2304, s0))
                    s4 := add(s4, mul(0x19557d34b55551be, s0))
                    s5 := add(s5, mul(0x4c56f689afc5bbc9, s0))
                    s6 := add(s6, mul(0xa1e920844334f944, s0))
                    s7 := add(s7, mul(0xbad66d423d2ec861, s0))
                    s8 := add(s8, mul(0xf318c785dc9e0479, s0))
                    s9 := add(s9, mul(0x99e2032e765ddd81, s0))
                    s10 := add(s10, mul(0x400ccc9906d66f45, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xe1197454db2e0dd9, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xb60fb82205a86176)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x16b9774801ac44a0, s1), add(mul(0x3cb8411e786d3c8e, s2), add(mul(0xa86e9cf505072491, s3), add(mul(0x178928152e109ae, s4), add(mul(0x5317b905a6e1ab7b, s5), add(mul(0xda20b3be7f53d59f, s6), add(mul(0xcb97dedecebee9ad, s7), add(mul(0x4bd545218c59f58d, s8), add(mul(0x77dc8d856c05a44a, s9), add(mul(0x87948589e4f243fd, s10), mul(0x7e5217af969952c2, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x84d1ecc4d53d2ff1, s0))
                    s2 := add(s2, mul(0xd8af8b9ceb4e11b6, s0))
                    s3 := add(s3, mul(0x335856bb527b52f4, s0))
                    s4 := add(s4, mul(0xc756f17fb59be595, s0))
                    s5 := add(s5, mul(0xc0654e4ea5553a78, s0))
                    s6 := add(s6, mul(0x9e9a46b61f2ea942, s0))
                    s7 := add(s7, mul(0x14fc8b5b3b809127, s0))
                    s8 := add(s8, mul(0xd7009f0f103be413, s0))
                    s9 := add(s9, mul(0x3e0ee7b7a9fb4601, s0))
                    s10 := add(s10, mul(0xa74e888922085ed7, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xe80a7cde3d4ac526, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x6685ae6e5db8023d)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xbc58987d06a84e4d, s1), add(mul(0xb5d420244c9cae3, s2), add(mul(0xa3c4711b938c02c0, s3), add(mul(0x3aace640a3e03990, s4), add(mul(0x865a0f3249aacd8a, s5), add(mul(0x8d00b2a7dbed06c7, s6), add(mul(0x6eacb905beb7e2f8, s7), add(mul(0x45322b216ec3ec7, s8), add(mul(0xeb9de00d594828e6, s9), add(mul(0x88c5f20df9e5c26, s10), mul(0xf555f4112b19781f, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x238aa6daa612186d, s0))
                    s2 := add(s2, mul(0x9137a5c630bad4b4, s0))
                    s3 := add(s3, mul(0xc7db3817870c5eda, s0))
                    s4 := add(s4, mul(0x217e4f04e5718dc9, s0))
                    s5 := add(s5, mul(0xcae814e2817bd99d, s0))
                    s6 := add(s6, mul(0xe3292e7ab770a8ba, s0))
                    s7 := add(s7, mul(0x7bb36ef70b6b9482, s0))
                    s8 := add(s8, mul(0x3c7835fb85bca2d3, s0))
                    s9 := add(s9, mul(0xfe2cdf8ee3c25e86, s0))
                    s10 := add(s10, mul(0x61b3915ad7274b20, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xeab75ca7c918e4ef, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x9b2390b07020a27c)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xa8cedbff1813d3a7, s1), add(mul(0x50dcaee0fd27d164, s2), add(mul(0xf1cb02417e23bd82, s3), add(mul(0xfaf322786e2abe8b, s4), add(mul(0x937a4315beb5d9b6, s5), add(mul(0x1b18992921a11d85, s6), add(mul(0x7d66c4368b3c497b, s7), add(mul(0xe7946317a6b4e99, s8), add(mul(0xbe4430134182978b, s9), add(mul(0x3771e82493ab262d, s10), mul(0xa671690d8095ce82, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xd6e15ffc055e154e, s0))
                    s2 := add(s2, mul(0xec67881f381a32bf, s0))
                    s3 := add(s3, mul(0xfbb1196092bf409c, s0))
                    s4 := add(s4, mul(0xdc9d2e07830ba226, s0))
                    s5 := add(s5, mul(0x698ef3245ff7988, s0))
                    s6 := add(s6, mul(0x194fae2974f8b576, s0))
                    s7 := add(s7, mul(0x7a5d9bea6ca4910e, s0))
                    s8 := add(s8, mul(0x7aebfea95ccdd1c9, s0))
                    s9 := add(s9, mul(0xf9bd38a67d5f0e86, s0))
                    s10 := add(s10, mul(0xfa65539de65492d8, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xf0dfcbe7653ff787, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xc3607e7232b11cef)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xb035585f6e929d9d, s1), add(mul(0xba1579c7e219b954, s2), add(mul(0xcb201cf846db4ba3, s3), add(mul(0x287bf9177372cf45, s4), add(mul(0xa350e4f61147d0a6, s5), add(mul(0xd5d0ecfb50bcff99, s6), add(mul(0x2e166aa6c776ed21, s7), add(mul(0xe1e66c991990e282, s8), add(mul(0x662b329b01e7bb38, s9), add(mul(0x8aa674b36144d9a9, s10), mul(0xcbabf78f97f95e65, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xbd87ad390420258, s0))
                    s2 := add(s2, mul(0xad8617bca9e33c8, s0))
                    s3 := add(s3, mul(0xc00ad377a1e2666, s0))
                    s4 := add(s4, mul(0xac6fc58b3f0518f, s0))
                    s5 := add(s5, mul(0xc0cc8a892cc4173, s0))
                    s6 := add(s6, mul(0xc210accb117bc21, s0))
                    s7 := add(s7, mul(0xb73630dbb46ca18, s0))
                    s8 := add(s8, mul(0xc8be4920cbd4a54, s0))
                    s9 := add(s9, mul(0xbfe877a21be1690, s0))
                    s10 := add(s10, mul(0xae790559b0ded81, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xbf50db2f8d6ce31, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xf618ae7058499e24)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xeec24b15a06b53fe, s1), add(mul(0xc8a7aa07c5633533, s2), add(mul(0xefe9c6fa4311ad51, s3), add(mul(0xb9173f13977109a1, s4), add(mul(0x69ce43c9cc94aedc, s5), add(mul(0xecf623c9cd118815, s6), add(mul(0x28625def198c33c7, s7), add(mul(0xccfc5f7de5c3636a, s8), add(mul(0xf5e6c40f1621c299, s9), add(mul(0xcec0e58c34cb64b1, s10), mul(0xa868ea113387939f, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xcf29427ff7c58, s0))
                    s2 := add(s2, mul(0xbd9b3cf49eec8, s0))
                    s3 := add(s3, mul(0xd1dc8aa81fb26, s0))
                    s4 := add(s4, mul(0xbc792d5c394ef, s0))
                    s5 := add(s5, mul(0xd2ae0b2266453, s0))
                    s6 := add(s6, mul(0xd413f12c496c1, s0))
                    s7 := add(s7, mul(0xc84128cfed618, s0))
                    s8 := add(s8, mul(0xdb5ebd48fc0d4, s0))
                    s9 := add(s9, mul(0xd1b77326dcb90, s0))
                    s10 := add(s10, mul(0xbeb0ccc145421, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xd10e5b22b11d1, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xc18226dd334780c2)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xd8dddbdc5ce4ef45, s1), add(mul(0xacfc51de8131458c, s2), add(mul(0x146bb3c0fe499ac0, s3), add(mul(0x9e65309f15943903, s4), add(mul(0x80d0ad980773aa70, s5), add(mul(0xf97817d4ddbf0607, s6), add(mul(0xe4626620a75ba276, s7), add(mul(0xdfdc7fd6fc74f66, s8), add(mul(0xf464864ad6f2bb93, s9), add(mul(0x2d55e52a5d44414, s10), mul(0xdd8de62487c40925, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xe24c99adad8, s0))
                    s2 := add(s2, mul(0xcf389ed4bc8, s0))
                    s3 := add(s3, mul(0xe580cbf6966, s0))
                    s4 := add(s4, mul(0xcde5fd7e04f, s0))
                    s5 := add(s5, mul(0xe63628041b3, s0))
                    s6 := add(s6, mul(0xe7e81a87361, s0))
                    s7 := add(s7, mul(0xdabe78f6d98, s0))
                    s8 := add(s8, mul(0xefb14cac554, s0))
                    s9 := add(s9, mul(0xe5574743b10, s0))
                    s10 := add(s10, mul(0xd05709f42c1, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xe4690c96af1, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xb57bff1387506176)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0xc15acf44759545a3, s1), add(mul(0xcbfdcf39869719d4, s2), add(mul(0x33f62042e2f80225, s3), add(mul(0x2599c5ead81d8fa3, s4), add(mul(0xb306cb6c1d7c8d0, s5), add(mul(0x658c80d3df3729b1, s6), add(mul(0xe8d1b2b21b41429c, s7), add(mul(0xa1b67f09d4b3ccb8, s8), add(mul(0xe1adf8b84437180, s9), add(mul(0xd593a5e584af47b, s10), mul(0xa023d94c56e151c7, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0xf7157bc98, s0))
                    s2 := add(s2, mul(0xe3006d948, s0))
                    s3 := add(s3, mul(0xfa65811e6, s0))
                    s4 := add(s4, mul(0xe0d127e2f, s0))
                    s5 := add(s5, mul(0xfc18bfe53, s0))
                    s6 := add(s6, mul(0xfd002d901, s0))
                    s7 := add(s7, mul(0xeed6461d8, s0))
                    s8 := add(s8, mul(0x1068562754, s0))
                    s9 := add(s9, mul(0xfa0236f50, s0))
                    s10 := add(s10, mul(0xe3af13ee1, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xfa460f6d1, s0)))
                    s0 := t
                }
                s0 := add(s0, 0xec2475152d5a08ff)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x49026cc3a4afc5a6, s1), add(mul(0xe06dff00ab25b91b, s2), add(mul(0xab38c561e8850ff, s3), add(mul(0x92c3c8275e105eeb, s4), add(mul(0xb65256e546889bd0, s5), add(mul(0x3c0468236ea142f6, s6), add(mul(0xee61766b889e18f2, s7), add(mul(0xa206f41b12c30415, s8), add(mul(0x2fe9d756c9f12d1, s9), add(mul(0xe9633210630cbf12, s10), mul(0x1ffea9fe85a0b0b1, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x11131738, s0))
                    s2 := add(s2, mul(0xf56d588, s0))
                    s3 := add(s3, mul(0x11050f86, s0))
                    s4 := add(s4, mul(0xf848f4f, s0))
                    s5 := add(s5, mul(0x111527d3, s0))
                    s6 := add(s6, mul(0x114369a1, s0))
                    s7 := add(s7, mul(0x106f2f38, s0))
                    s8 := add(s8, mul(0x11e2ca94, s0))
                    s9 := add(s9, mul(0x110a29f0, s0))
                    s10 := add(s10, mul(0xfa9f5c1, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0x10f625d1, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x4df43ffd0b458ff)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x81d1ae8cc50240f3, s1), add(mul(0xf4c77a079a4607d7, s2), add(mul(0xed446b2315e3efc1, s3), add(mul(0xb0a6b70915178c3, s4), add(mul(0xb11ff3e089f15d9a, s5), add(mul(0x1d4dba0b7ae9cc18, s6), add(mul(0x65d74e2f43b48d05, s7), add(mul(0xa2df8c6b8ae0804a, s8), add(mul(0xa4e6f0a8c33348a6, s9), add(mul(0xc0a26efc7be5669b, s10), mul(0xa6b6582c547d0d60, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x11f718, s0))
                    s2 := add(s2, mul(0x10b6c8, s0))
                    s3 := add(s3, mul(0x134a96, s0))
                    s4 := add(s4, mul(0x10cf7f, s0))
                    s5 := add(s5, mul(0x124d03, s0))
                    s6 := add(s6, mul(0x13f8a1, s0))
                    s7 := add(s7, mul(0x117c58, s0))
                    s8 := add(s8, mul(0x132c94, s0))
                    s9 := add(s9, mul(0x134fc0, s0))
                    s10 := add(s10, mul(0x10a091, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0x128961, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x10f46236adcc3e98)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x84afc741f1c13213, s1), add(mul(0x2f8f43734fc906f3, s2), add(mul(0xde682d72da0a02d9, s3), add(mul(0xbb005236adb9ef2, s4), add(mul(0x5bdf35c10a8b5624, s5), add(mul(0x739a8a343950010, s6), add(mul(0x52f515f44785cfbc, s7), add(mul(0xcbaf4e5d82856c60, s8), add(mul(0xac9ea09074e3e150, s9), add(mul(0x8f0fa011a2035fb0, s10), mul(0x1a37905d8450904a, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x1300, s0))
                    s2 := add(s2, mul(0x1750, s0))
                    s3 := add(s3, mul(0x114e, s0))
                    s4 := add(s4, mul(0x131f, s0))
                    s5 := add(s5, mul(0x167b, s0))
                    s6 := add(s6, mul(0x1371, s0))
                    s7 := add(s7, mul(0x1230, s0))
                    s8 := add(s8, mul(0x182c, s0))
                    s9 := add(s9, mul(0x1368, s0))
                    s10 := add(s10, mul(0xf31, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0x15c9, s0)))
                    s0 := t
                }
                s0 := add(s0, 0x52588ae3575e2ce9)
                {
                    let q := mulmod(s0, s0, 0xffffffff00000001)
                    s0 := mulmod(mulmod(q, s0, 0xffffffff00000001), mul(q, q), 0xffffffff00000001)
                }
                {
                    let t := add(mul(0x19, s0), add(mul(0x3abeb80def61cc85, s1), add(mul(0x9d19c9dd4eac4133, s2), add(mul(0x75a652d9641a985, s3), add(mul(0x9daf69ae1b67e667, s4), add(mul(0x364f71da77920a18, s5), add(mul(0x50bd769f745c95b1, s6), add(mul(0xf223d1180dbbf3fc, s7), add(mul(0x2f885e584e04aa99, s8), add(mul(0xb69a0fa70aea684a, s9), add(mul(0x9584acaa6e062a0, s10), mul(0xbc051640145b19b, mload(0x1e0)))))))))))))
                    s1 := add(s1, mul(0x14, s0))
                    s2 := add(s2, mul(0x22, s0))
                    s3 := add(s3, mul(0x12, s0))
                    s4 := add(s4, mul(0x27, s0))
                    s5 := add(s5, mul(0xd, s0))
                    s6 := add(s6, mul(0xd, s0))
                    s7 := add(s7, mul(0x1c, s0))
                    s8 := add(s8, mul(0x2, s0))
                    s9 := add(s9, mul(0x10, s0))
                    s10 := add(s10, mul(0x29, s0))
                    mstore(0x1e0, add(mload(0x1e0), mul(0xf, s0)))
                    s0 := t
                }
                mstore(0x80, add(mod(s0, 0xffffffff00000001), shl(85, mod(s1, 0xffffffff00000001))))
                mstore(0xa0, add(mod(s2, 0xffffffff00000001), shl(85, mod(s3, 0xffffffff00000001))))
                mstore(0xc0, add(mod(s4, 0xffffffff00000001), shl(85, mod(s5, 0xffffffff00000001))))
                mstore(0xe0, add(mod(s6, 0xffffffff00000001), shl(85, mod(s7, 0xffffffff00000001))))
                mstore(0x100, add(mod(s8, 0xffffffff00000001), shl(85, mod(s9, 0xffffffff00000001))))
                mstore(0x120, add(mod(s10, 0xffffffff00000001), shl(85, mod(mload(0x1e0), 0xffffffff00000001))))
            }
            boxes(0xee8d4abe872435ae00000b585f766f2144405, 0x1ecec14900684fae00000b2fb0d31cee799b4, 0x1195c29960fa137e200000e10d666650f4e012, 0x1def038f9c6b6987a00000d438539c95f63e9f, 0x4eff44117e66f7fe00000cdc4a239b0c44426, 0x18a8605e44bb658ec00000e17653a29da578a1)
            mix()
            boxes(0xb39a351483831caa0000086287821f722c881, 0x14909898bded40f0200000c3b919ad495dc574, 0xdc9481831e61813800000308bbd23dc5416cc, 0x1c6c18dc15c90de70000009a2eedb70d8f8cfa, 0x186bd5c0e3207fe1600000d5c7718fbfc647fb, 0x180ae59181197775a00000849c2656969c4be7)
            mix()
            boxes(0x1eadeda912b34c01a00000e9fa634a21de0082, 0x1052e26566504bb5e00000f7d713e806391165, 0x158a3b3ebf9f0a6bc00000ad6805e0e30b2c8a, 0xaf42aa182216608200000502ad7dc18c2ad87, 0x1b4557deb13ac89c0000066bbd30e6ce0e583, 0x5171d875d3852c6600000f061274fdb150d61)
            mix()
            wideBoxes(0xe1ce83d7fdd2cb0c0000092a756e67e2b9413, 0xdede5daee48cc6a400000019d5ee2af82ec1c, 0xc3bea2f70d48c872000007cf416cfe7e14ca1, 0x972b369173820e660000085dc499b11d77b75, 0x1eb81783bcdb50d3200000e8be3e5da8043e57, 0x14c6e127d9655ac620000040b12cbf09ef74bf)
            dense()
            sparse()
            boxes(0x1c29b80e359c5308c000005405cc09b3ff0c06, 0x8e9f6ae4d400d1e600000bb56729c7877aa9e, 0x1c3957dcdf4f52a64000002629b158383529bf, 0x1a1fb31e3c2530a1e00000ced9e7d28e6a6de9, 0x1752ce7490c5f3090000009689ab45a6d09dd7, 0x11e88234244d7d66a00000a5c3a8c0fcbdbd41)
            mix()
            boxes(0xdf21fe76d4cbe21000000e70201e960cb78b8, 0x1a3ea0fc8756e93640000042747a7245e7fa84, 0x732d9ce7bb065838000001c86d265f15750cd, 0x1741bd8e2064abba8000008e7fba02983224bd, 0x1b5d0c8b32ddbad4a000009e9cbd781628fc5b, 0x1492453a49a02868600000debe0853b1a1d378)
            mix()
            boxes(0x14792bd5d84895460000007be5b9ffda905e1c, 0x826b857d7fc2918c000000230bca8f4df0544, 0x6ec56b3515d07df400000166fc0cc438a3c72, 0x548816a34928bdca00000e8928a4c89114750, 0x17730f38dcc3fac540000080cefd2b7d99ff83, 0x2c9765bc377dbb90000006e7c8f1a84265034)
            mix()
            boxes(0x8173d245db2ee3c400000f3c12fe54d5c653b, 0x4a06554f8996302200000551f5b0fbe7b1840, 0x11ffb2d77f393903a00000aaed34074b164346, 0xfef2bc54bf22a8800000070fc91eb5937085c, 0x1e2e5ae7c009f921a000004543d9df5476d3cb, 0x1791bf6c4ffcab1f800000dfd1c4febcc81238)
            mix()
        }
    }
}
