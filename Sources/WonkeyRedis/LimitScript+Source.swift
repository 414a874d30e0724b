/// The text of the scripts: ``LimitArithmetic`` in Lua, line for line.
///
/// A fixed window is a plain number that Redis itself forgets when the window is over. Of the others the algorithm's
/// letter and three integers are stored, so that a counter whose algorithm changed starts anew. Numbers are written with
/// `%.0f`, since Lua's own conversion turns to exponents above 10^14.
extension LimitScript {
    /// Where the scripts take the time from; tests hold it.
    struct Clock {
        /// Lua statements that define `now` in milliseconds.
        var now: String
        /// Lua expression for a key's time to live; may use `lifetime`.
        var keepMs: String
        /// Lua statements before the first look at a fixed window.
        var begin = ""
        /// Lua expression for the milliseconds left of the fixed window `key`, below 0 if it has no end yet.
        var windowLeft: String
        /// Lua statement that ends the fixed window `key` in `window` milliseconds.
        var endWindow: String

        /// Redis' own clock, and keys that leave when their content means nothing any more.
        static let redis = Self(
            now: """
                local time = redis.call('TIME')
                local now = time[1] * 1000 + math.floor(time[2] / 1000)
                """,
            keepMs: "lifetime",
            windowLeft: "redis.call('PTTL', key)",
            endWindow: "redis.call('PEXPIRE', key, string.format('%.0f', window))"
        )
    }

    /// Builds a script for a clock.
    func source(_ clock: Clock) -> String {
        let parts =
            switch self {
            case .take: [clock.now, clock.begin, Self.divide, Self.roll, Self.save, Self.takeBody]
            case .takeFixed: [clock.begin, Self.takeFixedBody]
            case .giveBack: [clock.now, clock.begin, Self.divide, Self.roll, Self.save, Self.giveBackBody]
            case .renew: [clock.now, Self.renewBody]
            case .claim: [Self.claimBody]
            case .settleClaim: [Self.settleClaimBody]
            }
        return (["-- wonkey \(self) 2"] + parts).joined(separator: "\n")
            .replacing("$KEEP", with: clock.keepMs)
            .replacing("$LEFT", with: clock.windowLeft)
            .replacing("$END", with: clock.endWindow)
    }

    /// `factor * part / whole` rounded down, and the remainder, by digits where the product leaves 2^53.
    private static let divide = """
        local digits = {68719476736, 16777216, 4096, 1}
        local function divide(factor, part, whole)
          local product = factor * part
          if product < 9007199254740992 then
            local rest = product % whole
            return (product - rest) / whole, rest
          end
          local quotient, rest = 0, 0
          for i = 1, 4 do
            product = rest * 4096 + math.floor(factor / digits[i]) % 4096 * part
            rest = product % whole
            quotient = quotient * 4096 + (product - rest) / whole
          end
          return quotient, rest
        end
        """

    /// The content of a counter at `now`: f used; s current, previous, start; t tokens, fraction, at; c its size alone.
    private static let roll = """
        local pattern = {f = '^(%d+)$', s = '^s (%d+) (%d+) (%d+)$', t = '^t (%d+) (%d+) (%d+)$'}
        local function roll(c, key, value)
          if c.algorithm == 'c' then
            redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
            c.used = redis.call('ZCARD', key)
            return c
          end
          local x, y, z = string.match(value or '', pattern[c.algorithm])
          x, y, z = tonumber(x), tonumber(y), tonumber(z)
          local limit, window = c.limit, c.window
          c.exists = x ~= nil
          if c.algorithm == 'f' then
            local left = $LEFT
            c.isOpen = left >= 0
            if left < 0 or left > window then left = window end
            c.elapsed = window - math.max(1, left)
            x = x or 0
            c.used = x
          elseif c.algorithm == 's' then
            local start = now - now % window
            if not x then
              x, y, z = 0, 0, start
            elseif z < start then
              if z >= start - window then y = x else y = 0 end
              x, z = 0, start
            end
            c.elapsed = math.max(0, now - z)
            local weight, rest = divide(y, window - c.elapsed, window)
            if rest > 0 then weight = weight + 1 end
            c.weight = weight
            c.used = x + weight
          else
            if not x or now - z >= window then
              x, y, z = limit, 0, now
            else
              local gain, rest = divide(limit, math.max(0, now - z), window)
              x, y, z = x + gain, math.min(y, window - 1) + rest, math.max(now, z)
              if y >= window then x, y = x + 1, y - window end
              if x >= limit then x, y = limit, 0 end
            end
            c.used = limit - x
          end
          c.x, c.y, c.z = x, y, z
          return c
        end
        local function counter(i)
          local j = 4 * i
          local cost = tonumber(ARGV[j])
          return {algorithm = ARGV[j - 3], limit = tonumber(ARGV[j - 2]), window = tonumber(ARGV[j - 1]),
            cost = math.abs(cost), shadow = cost < 0}
        end
        """

    private static let save = """
        local function save(key, c, change)
          local text, lifetime
          if c.algorithm == 'f' then
            local window = c.window
            redis.call('INCRBY', key, string.format('%.0f', change))
            if not c.isOpen then $END end
            return
          elseif c.algorithm == 'c' then
            lifetime = c.window
            redis.call('ZADD', key, string.format('%.0f', now + c.window), ARGV[4 * #KEYS + 1])
            if redis.call('PTTL', key) < $KEEP then redis.call('PEXPIRE', key, string.format('%.0f', $KEEP)) end
            return
          elseif c.algorithm == 's' then
            text, lifetime = string.format('s %.0f %.0f %.0f', c.x, c.y, c.z), 2 * c.window - c.elapsed
          else
            text, lifetime = string.format('t %.0f %.0f %.0f', c.x, c.y, c.z), c.window
          end
          redis.call('SET', key, text, 'PX', string.format('%.0f', $KEEP))
        end
        """

    private static let takeBody = """
        local values = redis.call('MGET', unpack(KEYS))
        local counters, admitted = {}, 1
        for i = 1, #KEYS do
          local c = roll(counter(i), KEYS[i], values[i])
          c.fits = c.cost == 0 or c.used + c.cost <= c.limit
          if not c.fits and not c.shadow then admitted = 0 end
          counters[i] = c
        end
        local function fall(count, weight, window)
          return window - divide(window, weight, count)
        end
        local function wait(c, tokens)
          local whole, rest = divide(c.window, tokens - c.x, c.limit)
          return whole + math.ceil((rest - c.y) / c.limit)
        end
        local answer = {admitted}
        for i = 1, #KEYS do
          local c = counters[i]
          if admitted == 1 and c.fits and c.cost > 0 then
            if c.algorithm == 't' then c.x = c.x - c.cost elseif c.algorithm ~= 'c' then c.x = c.x + c.cost end
            c.used = c.used + c.cost
            save(KEYS[i], c, c.cost)
          end
          local reset, retry = 0, 0
          if c.limit == 0 then
            reset, retry = c.window, c.window
          elseif c.algorithm == 'f' then
            if c.used > 0 then reset = c.window - c.elapsed end
            retry = reset
          elseif c.algorithm == 'c' then
            retry = 1000
          elseif c.algorithm == 's' then
            if c.weight > 0 then
              reset = fall(c.y, c.weight - 1, c.window) - c.elapsed
            elseif c.x > 0 then
              reset = c.window - c.elapsed + fall(c.x, c.x - 1, c.window)
            end
            local room = c.limit - c.cost
            if not c.fits and room >= 0 then
              if c.x <= room then
                retry = fall(c.y, room - c.x, c.window) - c.elapsed
              else
                retry = c.window - c.elapsed + fall(c.x, room, c.window)
              end
            end
          else
            if c.x < c.limit then reset = wait(c, c.x + 1) end
            if not c.fits and c.cost <= c.limit then retry = wait(c, c.cost) end
          end
          if c.fits then retry = 0 elseif c.cost > c.limit then retry = c.window end
          local j = 3 * i
          answer[j - 1], answer[j], answer[j + 1] = math.max(0, c.limit - c.used), reset, retry
        end
        return answer
        """

    /// ``takeBody`` where all windows are fixed: taken at once, and put back if one does not fit; nobody sees it in between.
    private static let takeFixedBody = """
        local call, keys, argv, answer = redis.call, KEYS, ARGV, {1}
        for i = 1, #keys do
          local key, j, k = keys[i], 4 * i, 3 * i
          local cost, used = argv[j] + 0
          if cost > 0 then
            used = call('INCRBY', key, argv[j])
            if used > argv[j - 2] + 0 then answer[1] = 0 end
          else
            used = (call('GET', key) or 0) + 0
          end
          answer[k - 1], answer[k], answer[k + 1] = used, $LEFT, 0
        end
        local admitted = answer[1] == 1
        for i = 1, #keys do
          local key, j, k = keys[i], 4 * i, 3 * i
          local limit, window, cost = argv[j - 2] + 0, argv[j - 1] + 0, argv[j] + 0
          local used, left = answer[k - 1], answer[k]
          local fits = cost == 0 or used <= limit
          if cost > 0 then
            if not admitted then
              used = used - cost
              if left < 0 then call('DEL', key) else call('DECRBY', key, argv[j]) end
            elseif left < 0 then
              $END
            end
          end
          if left < 0 or left > window then left = window elseif left < 1 then left = 1 end
          local reset = 0
          if limit == 0 then reset = window elseif used > 0 then reset = left end
          answer[k - 1], answer[k] = math.max(0, limit - used), reset
          if not fits then
            if cost > limit then answer[k + 1] = window else answer[k + 1] = reset end
          end
        end
        return answer
        """

    /// `ARGV`: what a running request keeps there, and for how many milliseconds.
    private static let claimBody = """
        local value = redis.call('GET', KEYS[1])
        if value then return value end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return false
        """

    /// `ARGV`: what the claim has put there, for how many milliseconds something else is kept, and what; 0 keeps nothing.
    private static let settleClaimBody = """
        local value = redis.call('GET', KEYS[1])
        if value and value ~= ARGV[1] then return 0 end
        if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
        redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
        return 1
        """

    /// `KEYS[1]` the counter, `ARGV` the window and then the leases.
    private static let renewBody = """
        local window = tonumber(ARGV[1])
        local lifetime = window
        for i = 2, #ARGV do redis.call('ZADD', KEYS[1], string.format('%.0f', now + window), ARGV[i]) end
        if redis.call('PTTL', KEYS[1]) < $KEEP then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', $KEEP)) end
        return #ARGV - 1
        """

    private static let giveBackBody = """
        local values = redis.call('MGET', unpack(KEYS))
        local written = 0
        for i = 1, #KEYS do
          local c = roll(counter(i), KEYS[i], values[i])
          if c.exists and c.cost > 0 then
            local change = 0 - math.min(c.x, c.cost)
            if c.algorithm == 'f' then
              c.x = c.x + change
            elseif c.algorithm == 's' then
              local fromCurrent = math.min(c.x, c.cost)
              c.x, c.y = c.x - fromCurrent, c.y - math.min(c.y, c.cost - fromCurrent)
            elseif c.x + c.cost >= c.limit then
              c.x, c.y = c.limit, 0
            else
              c.x = c.x + c.cost
            end
            save(KEYS[i], c, change)
            written = written + 1
          end
        end
        return written
        """
}
