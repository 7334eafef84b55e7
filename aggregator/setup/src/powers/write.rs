//! Writing `.ptau` files that snarkjs reads.

use std::io::Write;

use ark_bn254::Fq;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInteger, PrimeField};

use super::PowersOfTau;
use super::lem::{self, Coordinate};
use super::ptau::{MAGIC, TEST_ONLY, VERSION};
use crate::SetupError;

impl PowersOfTau {
    /// Writes the powers in the format that [`Self::read`] reads, without contributions and without Lagrange forms
    /// (`snarkjs powersoftau prepare phase2` adds these).
    ///
    /// # Errors
    /// [`SetupError::Io`].
    pub fn write(&self, mut writer: impl Write) -> Result<(), SetupError> {
        writer.write_all(MAGIC)?;
        writer.write_all(&VERSION.to_le_bytes())?;
        writer.write_all(&(7 + u32::from(self.test_only)).to_le_bytes())?;
        if self.test_only {
            section(&mut writer, TEST_ONLY, 0)?;
        }
        section(&mut writer, 1, 44)?;
        writer.write_all(&32u32.to_le_bytes())?;
        writer.write_all(&Fq::MODULUS.to_bytes_le())?;
        writer.write_all(&self.power.to_le_bytes())?;
        writer.write_all(&self.power.to_le_bytes())?;
        points(&mut writer, 2, &self.tau_g1)?;
        points(&mut writer, 3, &self.tau_g2)?;
        points(&mut writer, 4, &self.alpha_tau_g1)?;
        points(&mut writer, 5, &self.beta_tau_g1)?;
        points(&mut writer, 6, &[self.beta_g2])?;
        section(&mut writer, 7, 4)?;
        writer.write_all(&0u32.to_le_bytes())?;
        writer.flush()?;
        Ok(())
    }
}

fn section(writer: &mut impl Write, kind: u32, length: usize) -> Result<(), SetupError> {
    writer.write_all(&kind.to_le_bytes())?;
    writer.write_all(&(length as u64).to_le_bytes())?;
    Ok(())
}

fn points<P: SWCurveConfig<BaseField: Coordinate>>(
    writer: &mut impl Write,
    kind: u32,
    points: &[Affine<P>],
) -> Result<(), SetupError> {
    section(writer, kind, points.len() * lem::size::<P>())?;
    for point in points {
        writer.write_all(&lem::encode(point))?;
    }
    Ok(())
}
