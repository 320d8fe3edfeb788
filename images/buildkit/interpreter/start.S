// The entry point of the emulator's process: the kernel's registers and stack must be what they were when the emulator's own
// entry point gets its turn. On x86-64 the kernel starts a program with all registers but the stack pointer zero.
	.section .head, "ax"
	.globl	kiln_head
	.hidden	kiln_head
kiln_head:
	.ascii	"kilnint1"
	.quad	0
	.zero	64
	.zero	64
	.globl	kiln_start
kiln_start:
	movq	%rsp, %rdi
	call	kiln_main
	leaq	kiln_head(%rip), %rax
	addq	8(%rax), %rax
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	jmp	*%rax
	.section .note.GNU-stack, "", @progbits
