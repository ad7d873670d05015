//! A plain loop, compiled for each set of instructions; the best that the machine has is called.

/// The instructions that [`dispatched`] functions use on this machine.
pub fn name() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if has_avx512() {
            return "AVX-512";
        }
        if has_avx2() {
            return "AVX2";
        }
    }
    "portable"
}

#[cfg(target_arch = "x86_64")]
pub fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
}

#[cfg(target_arch = "x86_64")]
pub fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
}

/// `dispatched!(pub fn name(a: A, …) -> R = body)`: calls `body`, an `#[inline(always)]` function,
/// from copies compiled for AVX-512, AVX2 and the target's base.
macro_rules! dispatched {
    ($visibility:vis fn $name:ident($($argument:ident: $type:ty),*) = $body:path) => {
        $visibility fn $name($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                fn avx512($($argument: $type),*) {
                    $body($($argument),*);
                }
                #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                fn avx2($($argument: $type),*) {
                    $body($($argument),*);
                }
                if crate::dispatch::has_avx512() {
                    // SAFETY: the machine was just asked for these instructions.
                    return unsafe { avx512($($argument),*) };
                }
                if crate::dispatch::has_avx2() {
                    // SAFETY: likewise.
                    return unsafe { avx2($($argument),*) };
                }
            }
            $body($($argument),*);
        }
    };
}
pub(crate) use dispatched;
