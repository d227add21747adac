//! What does the seal cost? `cargo bench -p quidnunc-benches --bench seal` (processor time, not wall time)
//!
//! * `seal_open/N` — a frame of 1200 bytes is sealed by one party and opened by another that knows it, AES-N;
//! * `compressed/1200` — the same with lz4, of a frame that gets a third as long.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quidnunc_benches::cpu::process_nanos;
use quidnunc_core::seal::{Key, KeyRing, Opened, SEAL_BYTES, Seal, SealConfig};
use quidnunc_core::{Instant, NodeId, fit_checksum};

const FRAME_BYTES: usize = 1200;
const NOW: Instant = Instant::from_nanos(1_000_000);

/// Processor time of this process: what others do on the machine hardly counts.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = u64;
    type Value = Duration;

    fn start(&self) -> u64 {
        process_nanos()
    }

    fn end(&self, start: u64) -> Duration {
        Duration::from_nanos(process_nanos() - start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn address(node: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, node], 7946))
}

fn frame(sections: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bytes: Vec<u8> = b"qn\x01\0\0\0\0\0\0\0\0\0".iter().copied().chain(sections).take(FRAME_BYTES).collect();
    fit_checksum(&mut bytes);
    bytes
}

/// Two parties that have proven themselves to each other.
fn pair(key_bytes: usize, compress: bool) -> (Seal, Seal) {
    let party = |node: u8| {
        let config = SealConfig { compress, ..SealConfig::new(0, NodeId::from_u128(u128::from(node))) };
        let key = Key::new(&vec![1; key_bytes]).expect("a length that keys have");
        Seal::new(config, KeyRing::new(key), &[node; 32], Instant::from_nanos(0)).expect("it is valid")
    };
    let (mut one, mut other) = (party(1), party(2));
    let (mut there, mut back) = (vec![0; FRAME_BYTES + SEAL_BYTES], [0; 256]);
    let mut len = one.seal(NOW, &frame(0..=255), &mut there).expect("there is room");
    for _ in 0..2 {
        other.open(NOW, address(1), &mut there[..len]).expect("it is let in");
        let (_, answer) = other.poll_transmit(NOW, &mut back).expect("it asks, or proves itself");
        one.open(NOW, address(2), &mut back[..answer]).expect("it is let in");
        len = one.poll_transmit(NOW, &mut there).map_or(0, |(_, len)| len);
    }
    assert_eq!((one.peers(), other.peers()), (1, 1));
    (one, other)
}

fn there_and_back(one: &mut Seal, other: &mut Seal, plain: &[u8], room: &mut [u8]) {
    let len = one.seal(NOW, plain, room).expect("there is room");
    match other.open(NOW, address(1), &mut room[..len]) {
        Ok(Opened::Frame(frame)) => assert_eq!(frame.len(), plain.len()),
        refused => panic!("{refused:?}"),
    }
}

fn seal(criterion: &mut Criterion<CpuTime>) {
    let (mut group, mut room) = (criterion.benchmark_group("seal_open"), vec![0; FRAME_BYTES + SEAL_BYTES]);
    group.throughput(Throughput::Bytes(FRAME_BYTES as u64));
    let plain = frame((0..).map(|number: u32| number.wrapping_mul(0x9e37_79b9).to_be_bytes()[0]));
    for bits in [128, 192, 256] {
        let (mut one, mut other) = pair(bits / 8, false);
        group.bench_function(bits.to_string(), |bencher| {
            bencher.iter(|| there_and_back(&mut one, &mut other, black_box(&plain), &mut room));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("compressed");
    let plain =
        frame((0..).flat_map(|number: u32| [number.wrapping_mul(0x9e37_79b9).to_be_bytes()[0], 1, 2, 3, 4, 5, 6, 7]));
    let (mut one, mut other) = pair(32, true);
    group.bench_function("1200", |bencher| {
        bencher.iter(|| there_and_back(&mut one, &mut other, black_box(&plain), &mut room));
    });
    group.finish();
}

fn by_cpu() -> Criterion<CpuTime> {
    Criterion::default().with_measurement(CpuTime)
}

criterion_group!(name = benches; config = by_cpu(); targets = seal);
criterion_main!(benches);
