//! Runs a policy many times and prints how long one run takes.
//!
//! ```text
//! cargo run --release -p gaitway-policy --example infer -- policy.onnx [runs]
//! GAITWAY_CPU=avx2 cargo run --release -p gaitway-policy --example infer -- policy.onnx
//! valgrind --tool=callgrind target/release/examples/infer policy.onnx 100
//! ```

#![expect(clippy::disallowed_methods, reason = "an example opens its file and reads the clock itself")]

use std::error::Error;
use std::time::Instant;

use gaitway_policy::{FloatMode, Plan};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: infer policy.onnx [runs]")?;
    let runs = arguments.next().map_or(Ok(20_000), |runs| runs.parse::<usize>())?.max(1);

    let plan = Plan::from_onnx(&std::fs::read(path)?)?;
    let input: Vec<f32> = (0..plan.input_len()).map(|i| (i as f32 * 0.7).sin()).collect();
    let mut output = vec![0.0; plan.output_len()];
    let mut workspace = plan.workspace();

    let _mode = FloatMode::set();
    let mut nanoseconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        plan.run(&mut workspace, &input, &mut output)?;
        nanoseconds.push(start.elapsed().as_nanos());
    }
    nanoseconds.sort_unstable();
    let (p50, p99) = (nanoseconds[runs / 2], nanoseconds[runs * 99 / 100]);
    println!("path {} macs {} p50_ns {p50} p99_ns {p99}", plan.cpu_path(), plan.macs());
    println!("{output:?}");
    Ok(())
}
