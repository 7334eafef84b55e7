//! Circuits on demand: built once, kept in memory and on disk.
//!
//! Laying down a circuit's gates is cheap and always done, since it gives the targets to fill; building plonky2's prover
//! data from them is not, and is skipped when the artefact store has them. Data from the store are only used for proving:
//! their key must equal the pin, and an engine checks what it proves, so that damaged data cost a rebuild, not a proof.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitData, CommonCircuitData, VerifierCircuitData};
use plonky2::util::serialization::{DefaultGateSerializer, DefaultGeneratorSerializer};
use sheaf_embedded::Shape;
use sheaf_plonky2::config::CAP_HEIGHT;
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::{C, D, F, Profile};

use super::commit::CommitTargets;
use super::leaf::LeafTargets;
use super::node::NodeTargets;
use super::root::RootTargets;
use super::shrink::ShrinkTargets;
use super::{CircuitError, commit, leaf, node, root, shrink, uniform};
use crate::artefacts::ArtefactStore;
use crate::listing::CAPACITY;
use crate::pins::{self, PinnedCircuit, Pins};

/// Told what a long operation is doing. Called from the thread that does it.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// A circuit ready for proving.
pub(crate) struct Circuit<T> {
    /// plonky2's data.
    pub(crate) data: CircuitData<F, C, D>,
    /// Its verifier key.
    pub(crate) key: CircuitKey,
    /// The digest of the key.
    pub(crate) key_digest: Digest,
    /// Its inputs.
    pub(crate) targets: T,
}

impl<T> Circuit<T> {
    fn pinned(&self, slots: Option<usize>) -> PinnedCircuit {
        PinnedCircuit { digest: self.key_digest, slots, key: self.key.clone() }
    }
}

/// All recursion circuits of a profile.
pub struct Circuits {
    profile: Profile,
    store: Option<ArtefactStore>,
    /// Whether circuits must equal their pins; only who makes new pins may say no.
    pinned: bool,
    uniform: OnceLock<CommonCircuitData<F, D>>,
    root_common: OnceLock<CommonCircuitData<F, D>>,
    node: OnceLock<Circuit<NodeTargets>>,
    root: OnceLock<Circuit<RootTargets>>,
    commit_common: OnceLock<CommonCircuitData<F, D>>,
    commit: OnceLock<Circuit<CommitTargets>>,
    shrink_common: OnceLock<CommonCircuitData<F, D>>,
    shrink: OnceLock<Circuit<ShrinkTargets>>,
    leaves: Mutex<BTreeMap<Shape, Arc<Circuit<LeafTargets>>>>,
    /// Slots of leaves that are not pinned.
    slots: Mutex<BTreeMap<Shape, usize>>,
    /// Held while something is built, so that two threads do not build the same.
    building: Mutex<()>,
}

impl std::fmt::Debug for Circuits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circuits").field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl Circuits {
    /// The circuits of a profile, kept in `store` if there is one.
    #[must_use]
    pub fn new(profile: Profile, store: Option<ArtefactStore>) -> Self {
        Self {
            profile,
            store,
            pinned: true,
            uniform: OnceLock::new(),
            root_common: OnceLock::new(),
            node: OnceLock::new(),
            root: OnceLock::new(),
            commit_common: OnceLock::new(),
            commit: OnceLock::new(),
            shrink_common: OnceLock::new(),
            shrink: OnceLock::new(),
            leaves: Mutex::new(BTreeMap::new()),
            slots: Mutex::new(BTreeMap::new()),
            building: Mutex::new(()),
        }
    }

    /// Circuits as the code makes them, whatever the pins say, and kept nowhere.
    pub(crate) fn unpinned(profile: Profile) -> Self {
        Self { pinned: false, ..Self::new(profile, None) }
    }

    /// What a circuit must come out as, if it is pinned.
    fn pin(&self, name: &str) -> Option<&'static PinnedCircuit> {
        pins::get(name).filter(|_| self.pinned)
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Common data of leaves and nodes.
    pub(crate) fn uniform(&self) -> &CommonCircuitData<F, D> {
        self.uniform.get_or_init(|| uniform::common_data(self.profile))
    }

    /// The digest of the key of the leaf circuit for a shape: pinned, or of the circuit that is built.
    ///
    /// # Errors
    /// [`CircuitError`] if there is no such leaf.
    pub fn leaf_key(&self, shape: &Shape, progress: Progress<'_>) -> Result<Digest, CircuitError> {
        match self.pin(&leaf_name(shape)) {
            Some(pinned) => Ok(pinned.digest),
            None => Ok(self.leaf(shape, progress)?.key_digest),
        }
    }

    /// [`leaf_key`](Self::leaf_key) where nothing has to be built for it: pinned, or of a circuit that is there already.
    pub(crate) fn known_leaf_key(&self, shape: &Shape) -> Option<Digest> {
        let pinned = self.pin(&leaf_name(shape)).map(|pinned| pinned.digest);
        pinned.or_else(|| known(&self.leaves).get(shape).map(|leaf| leaf.key_digest))
    }

    /// How many statements the leaf circuit for a shape takes.
    ///
    /// Pinned for the usual shapes. For a rare one the circuit's gates are laid down once, which takes tenths of a
    /// second, or seconds from 2^15 rows; no prover data are built.
    ///
    /// # Errors
    /// [`CircuitError`] if there is no such leaf.
    pub fn slots(&self, shape: &Shape) -> Result<usize, CircuitError> {
        if let Some(slots) = self.pin(&leaf_name(shape)).and_then(|pinned| pinned.slots) {
            return Ok(slots);
        }
        if let Some(slots) = known(&self.slots).get(shape) {
            return Ok(*slots);
        }
        let slots = leaf::assemble(shape)?.1.slots();
        known(&self.slots).insert(*shape, slots);
        Ok(slots)
    }

    /// The whole key of the leaf circuit for a shape: pinned, or of the circuit that is built.
    pub(crate) fn leaf_circuit_key(
        &self,
        shape: &Shape,
        progress: Progress<'_>,
    ) -> Result<CircuitKey, CircuitError> {
        match self.pin(&leaf_name(shape)) {
            Some(pinned) => Ok(pinned.key.clone()),
            None => Ok(self.leaf(shape, progress)?.key.clone()),
        }
    }

    /// The whole key of the node circuit: pinned, or of the circuit that is built.
    pub(crate) fn node_circuit_key(&self, progress: Progress<'_>) -> Result<CircuitKey, CircuitError> {
        match self.pin(&self.name("node")) {
            Some(pinned) => Ok(pinned.key.clone()),
            None => Ok(self.node(progress)?.key.clone()),
        }
    }

    /// Builds or loads everything that aggregating proofs of these shapes takes. Returns the key digest of each
    /// circuit by name.
    ///
    /// # Errors
    /// [`CircuitError`] if a circuit cannot be had.
    pub fn prepare(
        &self,
        shapes: &[Shape],
        progress: Progress<'_>,
    ) -> Result<BTreeMap<String, Digest>, CircuitError> {
        let mut keys = BTreeMap::new();
        for shape in shapes {
            keys.insert(leaf_name(shape), self.leaf(shape, progress)?.key_digest);
        }
        keys.insert(self.name("node"), self.node(progress)?.key_digest);
        keys.insert(self.name("root"), self.root(progress)?.key_digest);
        Ok(keys)
    }

    /// Every layer's common data by name, for accounting.
    ///
    /// # Errors
    /// [`CircuitError`] if a circuit cannot be had.
    pub fn common_data(
        &self,
        shapes: &[Shape],
    ) -> Result<Vec<(String, CommonCircuitData<F, D>)>, CircuitError> {
        let mut all = Vec::new();
        for shape in shapes {
            all.push((shape.name(), shape.common_data()?));
        }
        all.push((self.name("leaf and node"), self.uniform().clone()));
        all.push((self.name("root"), self.root_common().clone()));
        all.push((self.name("commit"), self.commit_common().clone()));
        all.push((self.name("shrink"), self.shrink_common().clone()));
        Ok(all)
    }

    /// Common data of the root, without committing to its constants.
    pub(crate) fn root_common(&self) -> &CommonCircuitData<F, D> {
        // Common data do not depend on the node's key, so any will do.
        self.root_common.get_or_init(|| {
            let any_key = sheaf_plonky2::hash::empty_digest();
            let (builder, _) = root::assemble(self.profile, self.uniform(), &any_key);
            builder.build_with_options::<C>(false).common
        })
    }

    /// Common data of the commit circuit.
    pub(crate) fn commit_common(&self) -> &CommonCircuitData<F, D> {
        self.commit_common.get_or_init(|| {
            let (profile, key) = (self.profile, any_key());
            let (builder, _) = commit::assemble(profile, self.root_common(), &key, CAPACITY);
            builder.build_with_options::<C>(false).common
        })
    }

    /// Common data of the shrink circuit.
    pub(crate) fn shrink_common(&self) -> &CommonCircuitData<F, D> {
        self.shrink_common.get_or_init(|| {
            let config = self.profile.shrink_config();
            let (builder, _) = shrink::assemble(config, self.commit_common(), &any_key());
            builder.build_with_options::<C>(false).common
        })
    }

    /// The digest of the root circuit's key.
    pub(crate) fn root_key(&self) -> Result<Digest, CircuitError> {
        match self.pin(&self.name("root")) {
            Some(pinned) => Ok(pinned.digest),
            None => Ok(self.root(&|_| ())?.key_digest),
        }
    }

    /// What verifying an aggregate takes: pinned, so that nothing has to be built, or of the circuit that is built.
    pub(crate) fn root_verifier(&self) -> Result<VerifierCircuitData<F, C, D>, CircuitError> {
        let verifier_only = match self.pin(&self.name("root")) {
            Some(pinned) => pinned.key.to_verifier_data(),
            None => self.root(&|_| ())?.key.to_verifier_data(),
        };
        Ok(VerifierCircuitData { verifier_only, common: self.root_common().clone() })
    }

    /// What verifying a commit proof takes: pinned, or of the circuit that is built.
    ///
    /// Lays down common data the first time, which takes about a second.
    ///
    /// # Errors
    /// [`CircuitError`] if the circuit is not pinned and cannot be had.
    pub fn commit_verifier(&self) -> Result<VerifierCircuitData<F, C, D>, CircuitError> {
        let verifier_only = match self.pin(&self.name("commit")) {
            Some(pinned) => pinned.key.to_verifier_data(),
            None => self.commit(&|_| ())?.key.to_verifier_data(),
        };
        Ok(VerifierCircuitData { verifier_only, common: self.commit_common().clone() })
    }

    /// What verifying a shrink proof takes, natively or in the circuit above it: pinned, or of the circuit that is built.
    ///
    /// # Errors
    /// As [`commit_verifier`](Self::commit_verifier).
    pub fn shrink_verifier(&self) -> Result<VerifierCircuitData<F, C, D>, CircuitError> {
        let verifier_only = match self.pin(&self.name("shrink")) {
            Some(pinned) => pinned.key.to_verifier_data(),
            None => self.shrink(&|_| ())?.key.to_verifier_data(),
        };
        Ok(VerifierCircuitData { verifier_only, common: self.shrink_common().clone() })
    }

    /// What verifying a leaf's or a node's proofs takes, given its key.
    pub(crate) fn uniform_verifier(&self, key: &CircuitKey) -> VerifierCircuitData<F, C, D> {
        VerifierCircuitData { verifier_only: key.to_verifier_data(), common: self.uniform().clone() }
    }

    /// The pins that this code's circuits call for: leaves of these shapes, and one each of the others.
    ///
    /// # Errors
    /// [`CircuitError`] if a circuit cannot be had.
    pub fn pins(&self, shapes: &[Shape], progress: Progress<'_>) -> Result<Pins, CircuitError> {
        let mut circuits = BTreeMap::new();
        for shape in shapes {
            let leaf = self.leaf(shape, progress)?;
            circuits.insert(leaf_name(shape), leaf.pinned(Some(leaf.targets.slots())));
        }
        circuits.insert(self.name("node"), self.node(progress)?.pinned(None));
        circuits.insert(self.name("root"), self.root(progress)?.pinned(None));
        circuits.insert(self.name("commit"), self.commit(progress)?.pinned(None));
        circuits.insert(self.name("shrink"), self.shrink(progress)?.pinned(None));
        Ok(Pins { circuits })
    }

    pub(crate) fn leaf(
        &self,
        shape: &Shape,
        progress: Progress<'_>,
    ) -> Result<Arc<Circuit<LeafTargets>>, CircuitError> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = known(&self.leaves).get(shape) {
            return Ok(Arc::clone(leaf));
        }
        let name = leaf_name(shape);
        let (builder, targets) = leaf::assemble(shape)?;
        let leaf = Arc::new(self.obtain(&name, builder, targets, true, progress)?);
        known(&self.leaves).insert(*shape, Arc::clone(&leaf));
        Ok(leaf)
    }

    pub(crate) fn node(&self, progress: Progress<'_>) -> Result<&Circuit<NodeTargets>, CircuitError> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = self.node.get() {
            return Ok(node);
        }
        let (builder, targets) = node::assemble(self.profile, self.uniform());
        let node = self.obtain(&self.name("node"), builder, targets, true, progress)?;
        Ok(self.node.get_or_init(|| node))
    }

    pub(crate) fn root(&self, progress: Progress<'_>) -> Result<&Circuit<RootTargets>, CircuitError> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        let node_key = match self.pin(&self.name("node")) {
            Some(pinned) => pinned.digest,
            None => self.node(progress)?.key_digest,
        };
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let (builder, targets) = root::assemble(self.profile, self.uniform(), &node_key);
        let root = self.obtain(&self.name("root"), builder, targets, false, progress)?;
        Ok(self.root.get_or_init(|| root))
    }

    pub(crate) fn commit(&self, progress: Progress<'_>) -> Result<&Circuit<CommitTargets>, CircuitError> {
        if let Some(commit) = self.commit.get() {
            return Ok(commit);
        }
        let root_key = match self.pin(&self.name("root")) {
            Some(pinned) => &pinned.key,
            None => &self.root(progress)?.key,
        };
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let (builder, targets) = commit::assemble(self.profile, self.root_common(), root_key, CAPACITY);
        let commit = self.obtain(&self.name("commit"), builder, targets, false, progress)?;
        Ok(self.commit.get_or_init(|| commit))
    }

    pub(crate) fn shrink(&self, progress: Progress<'_>) -> Result<&Circuit<ShrinkTargets>, CircuitError> {
        if let Some(shrink) = self.shrink.get() {
            return Ok(shrink);
        }
        let commit_key = match self.pin(&self.name("commit")) {
            Some(pinned) => &pinned.key,
            None => &self.commit(progress)?.key,
        };
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let config = self.profile.shrink_config();
        let (builder, targets) = shrink::assemble(config, self.commit_common(), commit_key);
        let shrink = self.obtain(&self.name("shrink"), builder, targets, false, progress)?;
        Ok(self.shrink.get_or_init(|| shrink))
    }

    fn name(&self, circuit: &str) -> String {
        format!("{circuit}-{}", self.profile)
    }

    /// Loads a circuit's data, or builds and stores them.
    fn obtain<T>(
        &self,
        name: &str,
        builder: CircuitBuilder<F, D>,
        targets: T,
        must_be_uniform: bool,
        progress: Progress<'_>,
    ) -> Result<Circuit<T>, CircuitError> {
        let data = match self.load(name) {
            Some(data) => {
                progress(&format!("loaded circuit {name}"));
                data
            }
            None => {
                progress(&format!("building circuit {name}"));
                let data = builder.build::<C>();
                self.save(name, &data)?;
                data
            }
        };
        if must_be_uniform && data.common != *self.uniform() {
            return Err(CircuitError::NotUniform { name: name.to_owned() });
        }
        let key = CircuitKey::new(&data.verifier_only)?;
        let key_digest = key.digest();
        if let Some(pinned) = self.pin(name)
            && pinned.digest != key_digest
        {
            return Err(CircuitError::PinMismatch {
                name: name.to_owned(),
                expected: pinned.digest.to_string(),
                got: key_digest.to_string(),
            });
        }
        Ok(Circuit { data, key, key_digest, targets })
    }

    /// Stored data of this circuit, unless there are none or they are damaged or of another version.
    fn load(&self, name: &str) -> Option<CircuitData<F, C, D>> {
        let bytes = self.store.as_ref()?.load(&artefact_name(name))?;
        let data = CircuitData::from_bytes(&bytes, &DefaultGateSerializer, &generators()).ok()?;
        let digest = CircuitKey::new(&data.verifier_only).ok()?.digest();
        self.pin(name).is_none_or(|pinned| pinned.digest == digest).then_some(data)
    }

    fn save(&self, name: &str, data: &CircuitData<F, C, D>) -> Result<(), CircuitError> {
        let Some(store) = &self.store else { return Ok(()) };
        match data.to_bytes(&DefaultGateSerializer, &generators()) {
            Ok(bytes) => Ok(store.save(&artefact_name(name), &bytes)?),
            // Every gate and generator of these circuits is plonky2's own, which its serializers know.
            Err(_) => Err(CircuitError::NotUniform { name: name.to_owned() }),
        }
    }
}

/// A key for laying down a circuit whose common data are all that is wanted: they do not depend on keys.
fn any_key() -> CircuitKey {
    let any = sheaf_plonky2::hash::empty_digest();
    CircuitKey::from_parts([any; 1 << CAP_HEIGHT], any)
}

/// What is known by shape. A thread that panicked while it held the map left it whole.
fn known<T>(by_shape: &Mutex<BTreeMap<Shape, T>>) -> MutexGuard<'_, BTreeMap<Shape, T>> {
    by_shape.lock().unwrap_or_else(PoisonError::into_inner)
}

fn generators() -> DefaultGeneratorSerializer<C, D> {
    DefaultGeneratorSerializer::default()
}

/// The name of a shape's leaf circuit.
pub(crate) fn leaf_name(shape: &Shape) -> String {
    format!("leaf-{}", shape.name())
}

/// Circuits that are pinned are stored under their key; others under the state of all pins, which any change of a
/// circuit changes.
fn artefact_name(name: &str) -> String {
    match pins::get(name) {
        Some(pinned) => format!("{name}-{}", &pinned.digest.to_string()[2..18]),
        None => format!("{name}-pins-{}", pins::fingerprint()),
    }
}
