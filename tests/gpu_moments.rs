//! Pairs gathered at nodes on a GPU: the distances and the curves of the CPU, as near as is argued, and the same bits every time.
#![cfg(feature = "gpu")]

mod support;

use corefine::crystal::Crystal;
use corefine::distances::{Distances, Kinds, Nodes};
use corefine::engine::check::Check;
use corefine::engine::gpu::{Fault, Gpu};
use corefine::engine::{Cpu, Engine, EngineError, Peaks, Rows};
use corefine::expand;
use corefine::forward::Forward;
use corefine::model::Model;
use corefine::params::Binding;
use nalgebra::Matrix3;
use support::curves::{apart, curve, hundredths, job, refining, state, xrays};
use support::gpu::gpu;
use support::structures::shipped;

/// The flagship in P1, in a cell without a right angle, with occupancies.
fn flagship() -> Model {
    let mut model = expand::to_p1(&shipped("co_zif62"));
    let [a, b, c] = [model.cell.a, model.cell.b, model.cell.c];
    model.cell = corefine::model::Cell::from_parameters([a, b, c, 84.0, 97.0, 101.0]);
    for site in model.sites.iter_mut().step_by(7) {
        site.occ *= 0.83;
    }
    model
}

fn crystal() -> Crystal {
    expand::crystal(&flagship()).unwrap()
}

const NODES: Nodes = Nodes { step: 0.0193, from: 2.25731, to: 31.0 };

fn strains() -> [Matrix3<f64>; 2] {
    [
        Matrix3::new(0.7, 0.1, 0.0, 0.0, -0.3, 0.2, 0.0, 0.0, 0.4),
        Matrix3::new(0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0),
    ]
}

fn gathered(engine: &mut dyn Engine, crystal: &Crystal, nodes: Nodes, strains: &[Matrix3<f64>]) -> Distances {
    engine.gather(crystal, Kinds::of(crystal, Kinds::MOST).unwrap(), nodes, strains).unwrap()
}

#[test]
fn nodes_weigh_what_they_weigh_on_the_cpu() {
    let Some(mut gpu) = gpu() else { return };
    let (crystal, strains) = (crystal(), strains());
    let want = gathered(&mut Cpu, &crystal, NODES, &strains);
    let got = gathered(&mut gpu, &crystal, NODES, &strains);
    for (class, (got, want)) in got.weights.iter().zip(&want.weights).enumerate() {
        for (table, (got, want)) in got.iter().zip(want).enumerate() {
            // What a strain does is rounded to a part of the most that it could do.
            let allowed = if table == 0 { 8e-6 } else { 2e-5 };
            assert!(apart(got, want) < allowed, "class {class}, table {table}: {:e}", apart(got, want));
        }
    }
    // Within the bound, too, which is what `check` asks.
    assert_eq!(gathered(&mut Check::new(gpu), &crystal, NODES, &strains), want);
}

/// Sums of whole numbers: no order of adding changes them.
#[test]
fn the_bits_are_the_same_on_every_run() {
    let Some(mut one) = gpu() else { return };
    let crystal = crystal();
    let want = gathered(&mut one, &crystal, NODES, &[]);
    assert_eq!(gathered(&mut one, &crystal, NODES, &[]), want);
    let mut other = gpu().unwrap();
    assert_eq!(gathered(&mut other, &crystal, NODES, &[]), want);
}

#[test]
fn curves_and_columns_are_those_of_the_cpu() {
    let Some(mut gpu) = gpu() else { return };
    let model = flagship();
    for (rmax, allowed) in [(2000, [2e-7, 2e-6]), (6000, [4e-7, 6e-6])] {
        let (state, measurement) = (state(&model, &job("")), xrays(0.1, 23.5, hundredths(100, rmax)));
        let want = curve(&state, &measurement, &mut Cpu);
        // The pairs alone, then the peaks in f32, too.
        let pairs = curve(&state, &measurement, &mut PairsOnly(&mut gpu));
        let both = curve(&state, &measurement, &mut gpu);
        let off = [apart(&pairs, &want), apart(&both, &want)];
        assert!(off[0] < allowed[0] && off[1] < allowed[1], "{rmax}: {off:?}");
    }
    let job = refining(&["scale", "a", "b", "alpha", "Uiso.Co", "delta2"], "");
    let crystal = expand::crystal(&model).unwrap();
    let binding = Binding::new(&job, &model, &crystal).unwrap();
    let state = binding.state(&binding.start()).unwrap();
    let tangents = binding.tangents(&state, &binding.start()).unwrap();
    let measurement = xrays(0.1, 23.5, hundredths(100, 2500));
    let columns = |engine: &mut dyn Engine| {
        Forward::new(&measurement, &state).unwrap().curves(&state, &tangents, engine).unwrap().columns
    };
    let (want, got) = (columns(&mut Cpu), columns(&mut gpu));
    for (name, (got, want)) in job.refine.iter().zip(got.column_iter().zip(want.column_iter())) {
        let [got, want]: [Vec<f64>; 2] = [got, want].map(|column| column.iter().copied().collect());
        assert!(apart(&got, &want) < 1e-5, "{}: {:e}", name.0, apart(&got, &want));
    }
}

/// One atom, and cells that are smaller than the first distance.
#[test]
fn one_atom_meets_its_images() {
    let Some(mut gpu) = gpu() else { return };
    let mut crystal = expand::crystal(&shipped("ni")).unwrap();
    crystal.atoms.truncate(1);
    let nodes = Nodes { step: 0.02, from: 1.50731, to: 40.0 };
    let (want, got) = (gathered(&mut Cpu, &crystal, nodes, &[]), gathered(&mut gpu, &crystal, nodes, &[]));
    assert!(apart(&got.weights[0][0], &want.weights[0][0]) < 1e-5);
}

/// Pairs just where the nodes begin are in or out as f64 has it, however near they are.
#[test]
fn pairs_at_the_seam_are_in_one_sum_only() {
    let Some(mut gpu) = gpu() else { return };
    let crystal = expand::crystal(&shipped("ni")).unwrap();
    let nearest = crystal.cell.a / 2.0_f64.sqrt();
    for (off, is_in) in [(-1e-9, true), (1e-9, false), (-1e-4, true), (1e-4, false)] {
        let nodes = Nodes { step: 0.02, from: nearest + off, to: 3.0 };
        let found: f64 = gathered(&mut gpu, &crystal, nodes, &[]).weights[0][0].iter().sum();
        let want: f64 = gathered(&mut Cpu, &crystal, nodes, &[]).weights[0][0].iter().sum();
        assert!((found - want).abs() < 1e-4 && (want > 20.0) == is_in, "{off}: {found} {want}");
    }
}

#[test]
fn faults_are_errors_and_no_distances() {
    let crystal = crystal();
    for fault in [Fault::Lost, Fault::Memory, Fault::Invalid, Fault::Shader, Fault::Silent] {
        let Some(mut gpu) = gpu() else { return };
        gpu.inject_fault(fault, 0);
        let kinds = Kinds::of(&crystal, Kinds::MOST).unwrap();
        let error = gpu.gather(&crystal, kinds, NODES, &[]).expect_err("a fault").to_string();
        assert!(error.contains("engine failed"), "{fault:?}: {error}");
    }
}

/// Thousands of pairs at one node are too many for the finer of two units: then the coarser one serves.
#[test]
fn heaps_of_pairs_are_added_up_too() {
    let Some(mut gpu) = gpu() else { return };
    let mut crystal = expand::crystal(&shipped("ni")).unwrap();
    let (here, mut there) = (crystal.atoms[0].clone(), crystal.atoms[0].clone());
    there.position.0[2] += 0.4;
    crystal.atoms = (0..64).flat_map(|_| [here.clone(), there.clone()]).collect();
    let nodes = Nodes { step: 0.02, from: 1.00731, to: 9.0 };
    let strains = &strains()[..1];
    let (want, got) = (gathered(&mut Cpu, &crystal, nodes, strains), gathered(&mut gpu, &crystal, nodes, strains));
    for table in 0..2 {
        let off = apart(&got.weights[0][table], &want.weights[0][table]);
        assert!(off < 3e-5, "{table}: {off:e}");
    }
}

/// What the kernel or its buffers do not hold the CPU gathers, and a user is told.
#[test]
fn what_is_too_large_is_left_to_the_cpu() {
    let far = Nodes { to: 60.0, step: 0.002, ..NODES };
    let mut heavy = crystal();
    heavy.atoms[0].occ = 1.5;
    let mut negative = crystal();
    negative.atoms[0].occ = -0.5;
    let cases = [
        (u64::MAX, crystal(), far, "nodes are more than the kernel's"),
        (u64::MAX, heavy, NODES, "and one is 1.5"),
        (u64::MAX, negative, NODES, "and one is -0.5"),
        (1 << 15, crystal(), NODES, "does not hold"),
    ];
    for (bytes, crystal, nodes, why) in cases {
        let Some(mut gpu) = gpu().map(|gpu| gpu.with_most_bytes(bytes)) else { return };
        assert_eq!(gathered(&mut gpu, &crystal, nodes, &[]), gathered(&mut Cpu, &crystal, nodes, &[]));
        assert!(gpu.warnings().len() == 1 && gpu.warnings()[0].contains(why), "{:?}", gpu.warnings());
    }
}

/// Gathers on the GPU and lays peaks down on the CPU.
struct PairsOnly<'a>(&'a mut Gpu);

impl Engine for PairsOnly<'_> {
    fn name(&self) -> String {
        "pairs only".into()
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        Cpu.broaden(peaks)
    }

    fn gather(
        &mut self,
        crystal: &Crystal,
        kinds: Kinds,
        nodes: Nodes,
        strains: &[Matrix3<f64>],
    ) -> Result<Distances, EngineError> {
        self.0.gather(crystal, kinds, nodes, strains)
    }
}

/// A GPU that loses pairs is seen by `check`.
struct Off;

impl Engine for Off {
    fn name(&self) -> String {
        "off".into()
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        Cpu.broaden(peaks)
    }

    fn gather(
        &mut self,
        crystal: &Crystal,
        kinds: Kinds,
        nodes: Nodes,
        strains: &[Matrix3<f64>],
    ) -> Result<Distances, EngineError> {
        let mut found = Cpu.gather(crystal, kinds, nodes, strains)?;
        found.weights[0][0][900] += 0.05;
        Ok(found)
    }
}

#[test]
fn check_sees_a_weight_that_is_off() {
    let crystal = crystal();
    let kinds = Kinds::of(&crystal, Kinds::MOST).unwrap();
    let error = Check::new(Off).gather(&crystal, kinds, NODES, &[]).expect_err("it is off").to_string();
    assert!(error.contains("node 900"), "{error}");
}
