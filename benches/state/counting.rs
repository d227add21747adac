//! How many bytes are asked of the allocator and not given back?

#![expect(unsafe_code, reason = "a global allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static BYTES: AtomicU64 = AtomicU64::new(0);

/// Bytes that are held at present, as they were asked for.
pub(crate) fn bytes() -> u64 {
    BYTES.load(Ordering::Relaxed)
}

// SAFETY: every call goes to `System` with the arguments with which it came, so what `System` promises holds here
// too; the counter touches no memory that is handed out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: `block` came from `System`, because all blocks do; `layout` is the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}
