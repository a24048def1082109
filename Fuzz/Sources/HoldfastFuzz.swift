// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import Foundation

/// Hands libFuzzer the target that HOLDFAST_FUZZ_TARGET names; without that, tells the names. Arguments are libFuzzer's own.
///
/// A variable and not an argument, because libFuzzer starts itself again for some of its work.
@main
enum HoldfastFuzz {
    private static let chosen: FuzzTarget? = {
        let name = ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_TARGET"]
        return FuzzTarget.all.first { $0.name == name }
    }()

    static func main() {
        guard chosen != nil else {
            for target in FuzzTarget.all { print(target.name, target.maxLength) }
            return
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
            HoldfastFuzz.chosen?.run(FuzzInput(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
        exit(status)
    }
}
