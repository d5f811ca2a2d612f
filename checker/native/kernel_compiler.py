"""From kernels to LLVM IR: each function is translated from its syntax tree, once for each set of fixed arguments."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]

from mcheck.checker.native.kernel import BOOL, SIGNED, UNSIGNED, External, Kernel, Known
from mcheck.checker.native.kernel_expressions import Expressions, Static, Term, Value, machine_type, returned_type

_I64 = ir.IntType(64)


class Build:
    """The kernels compiled into one LLVM module, which may hold other functions too."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self._done: dict[tuple[Any, ...], Any] = {}

    def export(self, kernel: Kernel[..., Any], symbol: str | None = None, /, **fixed: Any) -> Any:
        """The function `symbol` (by default the kernel's name) of the module, which the outside may call.

        `fixed` gives every parameter that is known at compile time.  KernelError for what is outside the language.
        """
        return _Translation(self, kernel, fixed, symbol or kernel.name, exported=True).function

    def specialised(self, kernel: Kernel[..., Any], fixed: dict[str, Any]) -> Any:
        """The function that other kernels call, inlined where they do; None while it is being translated."""
        key = (kernel, *fixed.items())
        if key not in self._done:
            self._done[key] = None
            name = self.module.get_unique_name(kernel.name)
            self._done[key] = _Translation(self, kernel, fixed, name, exported=False).function
        return self._done[key]

    def external(self, declared: External) -> Any:
        """The function of the module with this name, declared if need be."""
        found = self.module.globals.get(declared.name)
        if found is None:
            kind = ir.FunctionType(returned_type(declared.result), [machine_type(k) for k in declared.parameters])
            found = ir.Function(self.module, kind, declared.name)
        return found

    def intrinsic(self, name: str, result: Any, parameters: list[Any]) -> Any:
        """The LLVM intrinsic of this name."""
        found = self.module.globals.get(name)
        return found or ir.Function(self.module, ir.FunctionType(result, parameters), name)


class _Translation(Expressions):
    """One kernel with its fixed arguments becoming one function, statement by statement."""

    def __init__(
        self, build: Build, kernel: Kernel[..., Any], fixed: dict[str, Any], name: str, exported: bool
    ) -> None:
        super().__init__(build, kernel, fixed)
        self.result = kernel.result
        known = {n for n, kind in kernel.parameters.items() if isinstance(kind, Known)}
        if known != set(fixed):
            self.refuse(f"kernel {name} takes the fixed arguments {sorted(known)} (got {sorted(fixed)})")
        passed = {n: kind for n, kind in kernel.parameters.items() if not isinstance(kind, Known)}
        kind = ir.FunctionType(returned_type(self.result), [machine_type(k) for k in passed.values()])
        self.function = ir.Function(build.module, kind, name)
        if not exported:
            self.function.linkage = "internal"
            self.function.attributes.add("alwaysinline")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.loops: list[tuple[Any, Any]] = []
        for (parameter, of), argument in zip(passed.items(), self.function.args, strict=True):
            argument.name = parameter
            self.assign(parameter, Value(argument, of))
        self.body(self.tree().body)
        if not self.builder.block.is_terminated:
            self.leave()

    def tree(self) -> ast.FunctionDef:
        """The syntax of the function."""
        definition = ast.parse(textwrap.dedent(inspect.getsource(self.kernel.function))).body[0]
        assert isinstance(definition, ast.FunctionDef)
        return definition

    def leave(self) -> None:
        """The end of the text: a return of nothing, or a place that cannot be reached."""
        if self.result is None:
            self.builder.ret_void()
        elif self.function.blocks[-1] is self.builder.block and not self.reached(self.builder.block):
            self.builder.unreachable()
        else:
            self.refuse(f"kernel {self.kernel.name} does not return on every path")

    def reached(self, block: Any) -> bool:
        """Whether a branch leads to this block."""
        ends = [b.terminator for b in self.function.blocks if b.is_terminated]
        return block is self.function.entry_basic_block or any(block in end.operands for end in ends)

    # ------------------------------------------------------------------ statements

    def body(self, statements: list[ast.stmt]) -> None:
        """A block of statements; nothing after a jump is translated."""
        for statement in statements:
            self.node = statement
            translate = getattr(self, f"on_{type(statement).__name__.lower()}", None)
            if translate is None:
                self.refuse(f"`{ast.unparse(statement).splitlines()[0]}` is not part of the kernel language")
            translate(statement)
            if self.builder.block.is_terminated:
                return

    def on_pass(self, node: ast.Pass) -> None: ...

    def on_expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            if not isinstance(node.value, ast.Call):
                self.refuse("this value is not used")
            self.call(node.value)

    def on_return(self, node: ast.Return) -> None:
        if node.value is None or self.result is None:
            if node.value is not None or self.result is not None:
                self.refuse(f"kernel {self.kernel.name} returns {self.result.name if self.result else 'nothing'}")
            self.builder.ret_void()
        else:
            self.builder.ret(self.as_kind(self.term(node.value), self.result).ir)

    def on_assign(self, node: ast.Assign) -> None:
        if len(node.targets) != 1:
            self.refuse("assign to one target at a time")
        self.store(node.targets[0], self.term(node.value))

    def on_annassign(self, node: ast.AnnAssign) -> None:
        kind = {"I64": SIGNED, "U64": UNSIGNED, "bool": BOOL}.get(ast.unparse(node.annotation))
        if kind is None or node.value is None:
            self.refuse("a local variable is annotated I64, U64 or bool, and given a value")
        self.store(node.target, self.as_kind(self.term(node.value), kind))

    def on_augassign(self, node: ast.AugAssign) -> None:
        old = ast.copy_location(_loaded(node.target), node)
        self.store(node.target, self.term(ast.copy_location(ast.BinOp(old, node.op, node.value), node)))

    def on_if(self, node: ast.If) -> None:
        test = self.term(node.test)
        if isinstance(test, Static):
            self.body(node.body if test.value else node.orelse)
            return
        then, otherwise, after = (self.function.append_basic_block(n) for n in ("then", "else", "after"))
        self.builder.cbranch(self.condition(test), then, otherwise)
        self.arm(then, node.body, after)
        self.arm(otherwise, node.orelse, after)
        self.builder.position_at_end(after)
        if not self.reached(after):
            self.builder.unreachable()

    def arm(self, block: Any, statements: list[ast.stmt], after: Any) -> None:
        """Statements in a block of their own, which goes on to `after`."""
        self.builder.position_at_end(block)
        self.body(statements)
        if not self.builder.block.is_terminated:
            self.builder.branch(after)

    def on_while(self, node: ast.While) -> None:
        head, body, done = (self.function.append_basic_block(n) for n in ("while", "body", "done"))
        self.builder.branch(head)
        self.builder.position_at_end(head)
        test = self.term(node.test)
        if isinstance(test, Static) and test.value:
            self.builder.branch(body)
        else:
            self.builder.cbranch(self.condition(test), body, done)
        self.looping(node, body, head, done)
        self.builder.position_at_end(done)
        if not self.reached(done):
            self.builder.unreachable()

    def on_for(self, node: ast.For) -> None:
        span = node.iter
        if not (isinstance(span, ast.Call) and isinstance(span.func, ast.Name) and span.func.id == "range"):
            self.refuse("a for loop runs over range(…)")
        if len(span.args) > 2 or not isinstance(node.target, ast.Name):
            self.refuse("a for loop has one variable and steps by one")
        bounds = [self.as_kind(self.term(bound), SIGNED) for bound in span.args]
        start, stop = bounds if len(bounds) == 2 else (self.as_kind(Static(0), SIGNED), bounds[0])
        counter = self.slot(_I64)
        self.builder.store(start.ir, counter)
        head, body, step, done = (self.function.append_basic_block(n) for n in ("for", "body", "step", "done"))
        self.builder.branch(head)
        self.builder.position_at_end(head)
        now = self.builder.load(counter, typ=_I64)
        self.builder.cbranch(self.builder.icmp_signed("<", now, stop.ir), body, done)
        self.builder.position_at_end(step)
        self.builder.store(self.builder.add(now, _I64(1)), counter)
        self.builder.branch(head)
        self.builder.position_at_end(body)
        self.assign(node.target.id, Value(now, SIGNED))
        self.looping(node, body, step, done)
        self.builder.position_at_end(done)

    def looping(self, node: ast.While | ast.For, body: Any, again: Any, done: Any) -> None:
        """The body of a loop."""
        if node.orelse:
            self.refuse("a loop has no else")
        self.loops.append((again, done))
        self.arm(body, node.body, again)
        self.loops.pop()

    def on_break(self, node: ast.Break) -> None:
        self.builder.branch(self.loops[-1][1])

    def on_continue(self, node: ast.Continue) -> None:
        self.builder.branch(self.loops[-1][0])

    def slot(self, of: Any) -> Any:
        """Room for a local variable."""
        with self.builder.goto_entry_block():
            return self.builder.alloca(of)

    def assign(self, name: str, value: Value) -> None:
        """Give a local variable a value; its first one makes its type."""
        local = self.locals.get(name)
        if local is None:
            local = self.locals[name] = Value(self.slot(machine_type(value.kind)), value.kind)
        if local.kind != value.kind:
            self.refuse(f"{name} is {local.kind.name} and is assigned {value.kind.name}")
        self.builder.store(value.ir, local.ir)

    def store(self, target: ast.expr, term: Term) -> None:
        """Assign to a variable or an element of memory."""
        if isinstance(target, ast.Name):
            known = self.locals.get(target.id)
            if target.id in self.static:
                self.refuse(f"{target.id} is fixed")
            self.assign(target.id, self.as_kind(term, known.kind) if known else self.settled(term))
        elif isinstance(target, ast.Subscript):
            memory, place = self.element(target)
            value = self.as_kind(term, memory.element) if isinstance(term, Static) or memory.bits == 64 else term
            narrow = value.ir if memory.bits == 64 else self.builder.trunc(value.ir, ir.IntType(memory.bits))
            self.builder.store(narrow, place, align=memory.bits // 8)
        else:
            self.refuse("assign to a variable or to an element of memory")


def _loaded(target: ast.expr) -> ast.expr:
    """The target of an assignment as an expression."""
    return ast.Subscript(target.value, target.slice, ast.Load()) if isinstance(target, ast.Subscript) else target
