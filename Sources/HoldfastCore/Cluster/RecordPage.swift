// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How much of a list of records goes into one message: engines take a megabyte, some less.
enum RecordPage {
    static let maxCount = 500
    /// Reached, not passed by more than one record, which is at most as large again.
    private static let bytes = 256 << 10
    /// What a record takes beside its bytes: the id, above all.
    private static let overhead = 64

    /// How many of the first go together: one at least, where there is one.
    static func end<Item>(of items: ArraySlice<Item>, bytes size: (Item) -> Int) -> Int {
        var total = 0
        var count = 0
        for item in items.prefix(maxCount) {
            guard count == 0 || total < bytes else { break }
            total += overhead + size(item)
            count += 1
        }
        return count
    }
}
